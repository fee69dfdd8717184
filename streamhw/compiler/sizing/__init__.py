# SPDX-License-Identifier: Apache-2.0
"""Sizing: FIFO depths, elided FIFOs, depth of the prefetch."""
