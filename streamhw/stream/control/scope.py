# SPDX-License-Identifier: Apache-2.0
"""How often a part works in a step."""

from enum import Enum

__all__ = ["Scope"]


class Scope(Enum):
    """Once a step before the layers, once a layer, once a step after them, or in both of the
    latter."""

    ENTRY = "entry"
    BODY = "body"
    TAIL = "tail"
    SHARED = "shared"
