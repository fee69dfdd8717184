# SPDX-License-Identifier: Apache-2.0
"""What each operation of a program makes of values that depend on the tokens."""

from collections.abc import Mapping

from . import arithmetic, attention, embedding, functions, layout, norm, products
from .rule import Rule

__all__ = ["RULES"]

RULES: Mapping[str, Rule] = {
    **layout.RULES,
    **functions.RULES,
    **arithmetic.RULES,
    **norm.RULES,
    **products.RULES,
    **embedding.RULES,
    **attention.RULES,
}
"""By the name of the operation in ATen."""
