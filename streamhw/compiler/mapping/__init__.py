# SPDX-License-Identifier: Apache-2.0
"""Mapping: engine assignment and tiling."""
