# SPDX-License-Identifier: Apache-2.0
"""Elementwise kernels: activation functions, add, multiply, split."""
