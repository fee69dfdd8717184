# SPDX-License-Identifier: Apache-2.0
"""Accelerators as kernels on cards of XRT."""
