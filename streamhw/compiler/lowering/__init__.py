# SPDX-License-Identifier: Apache-2.0
"""Lowering: layers to kernels and streams; converters, DMAs and control are inserted."""
