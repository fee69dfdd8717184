# SPDX-License-Identifier: Apache-2.0
"""Weights of 8 bits in groups of 16 columns, each with a multiplier of its own."""

from streamhw.numerics.element_format import ElementFormat

INT8_IN_GROUPS = ElementFormat(
    name="int8_in_groups",
    bits=8,
    minimum=-127,
    maximum=127,
    scale_group=16,
)
