# SPDX-License-Identifier: Apache-2.0
"""Quantization: calibrated number formats, integers of all parameters."""
