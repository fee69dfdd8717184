# SPDX-License-Identifier: Apache-2.0
"""A layer kind, complete: what each stage does with it."""

from dataclasses import dataclass, field

from ...graph import Op
from ...quantization.rules import QuantizationRule
from ...reference.rules import ReferenceRule
from ..lowering.builder import Rule
from ..memory.rules import MemoryRule

__all__ = ["Layer"]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What an entry point of group ``streamhw.layer`` names.

    op: attributes, shape rule and float semantics
    quantization: formats, scales, plan and integer parameters
    reference: the integers of the hardware, in numpy; ``None`` for what the executor does itself
    memory: parameters and tables in external memory
    lowering: its kernels and streams
    """

    op: type[Op]
    quantization: QuantizationRule
    reference: ReferenceRule | None
    memory: MemoryRule = field(default_factory=MemoryRule)
    lowering: Rule
