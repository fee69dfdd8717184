# SPDX-License-Identifier: Apache-2.0
"""Attention: scores, softmax, values, rotary embedding."""
