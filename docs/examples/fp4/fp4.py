# SPDX-License-Identifier: Apache-2.0
"""Weights as 4-bit floating-point numbers (E2M1) in groups of 32 columns."""

from streamhw.numerics.element_format import ElementFormat

POSITIVE = (0, 1, 2, 3, 4, 6, 8, 12)
"""Twice the numbers of E2M1, 0 to 6: whole numbers, as multipliers take them."""

FP4_IN_GROUPS = ElementFormat(
    name="fp4_in_groups",
    bits=4,
    minimum=-12,
    maximum=12,
    levels=POSITIVE + tuple(-level for level in POSITIVE),
    scale_group=32,
    smoothing=0.5,
    compensated=True,
)
