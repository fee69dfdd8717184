# SPDX-License-Identifier: Apache-2.0
"""What quantization does to one value in one layer, as builds of checkpoints keep it."""

from dataclasses import dataclass

__all__ = ["RoundingError"]


@dataclass(frozen=True, kw_only=True)
class RoundingError:
    """Relative errors: the root of the mean square of the difference by that of the float value.

    value: node of the graph; layer: None outside of loops
    own: what rounding here adds if all that is read is exact; infinite where zeros are expected
    whole: with all errors before; weights: whether what is rounded here is a matrix
    """

    value: str
    layer: int | None
    own: float
    whole: float
    weights: bool = False
