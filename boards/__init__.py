# SPDX-License-Identifier: Apache-2.0
"""Boards: what a device has, one file a board; memory systems behind its ports."""
