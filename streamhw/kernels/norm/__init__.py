# SPDX-License-Identifier: Apache-2.0
"""Norms: layer norm and RMS norm."""
