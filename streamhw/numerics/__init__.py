# SPDX-License-Identifier: Apache-2.0
"""Arithmetic: fixed-point formats, rounding, function tables."""
