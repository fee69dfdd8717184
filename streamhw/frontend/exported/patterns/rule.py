# SPDX-License-Identifier: Apache-2.0
"""What a rule of an operation is."""

from collections.abc import Callable

__all__ = ["Rule"]

Rule = Callable[..., object]
"""The value of a call from the state and its arguments in ATen's order; raises ``NoLayerError``."""
