# SPDX-License-Identifier: Apache-2.0
"""Kernels: the hardware that computes, a folder for each family."""
