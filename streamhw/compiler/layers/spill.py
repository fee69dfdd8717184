# SPDX-License-Identifier: Apache-2.0
"""A stream through memory: a kernel writes it, another reads it in its sink's order."""

from ...kernels.memory import spill
from ...stream.itensor.itensor import ITensor
from ...stream.spec import KernelSpec

__all__ = ["spilled"]


def spilled(source: ITensor, target: ITensor, width: int) -> tuple[KernelSpec, KernelSpec]:
    """What writes beats of ``source`` to memory of beats of ``width`` bits, and what reads it as
    ``target``."""
    return (
        spill.SpillWriteSpec(source=source, target=target, width=width),
        spill.SpillReadSpec(source=source, target=target, width=width),
    )
