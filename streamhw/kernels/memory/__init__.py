# SPDX-License-Identifier: Apache-2.0
"""Kernels that read tables or spill to memory."""
