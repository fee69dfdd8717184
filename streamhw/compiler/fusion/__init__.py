# SPDX-License-Identifier: Apache-2.0
"""Fusion: which streams stay on chip, and which go through external memory."""
