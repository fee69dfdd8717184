# SPDX-License-Identifier: Apache-2.0
"""A compiled design with everything that a simulated answer needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamhw.api.answer import Answer, simulated
from streamhw.boards.memory.system import MemorySystem
from streamhw.compiler.backend.emit import Emitted
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.quantization.quantized_model import QuantizedModel
from streamhw.sim import verilator
from streamhw.sim.memory_model import MemoryModel
from streamhw.sim.stream_compare import StreamReference

__all__ = ["Machine"]


@dataclass(frozen=True)
class Machine:
    """A design with its emitted files and its compiled simulation."""

    design: PlacedNetlist
    emitted: Emitted
    folder: Path
    library: verilator.BuiltSimulator
    image: np.ndarray
    quantized: QuantizedModel

    @property
    def reference(self) -> StreamReference:
        """What its streams must carry."""
        return StreamReference(netlist=self.design, quantized=self.quantized)

    def answer(
        self,
        prompt: list[int],
        count: int,
        *,
        check: bool = False,
        stalls: float = 0,
        seed: int = 0,
        memory: MemorySystem | None = None,
        ends: Sequence[int] = (),
    ) -> Answer:
        """One simulated answer; ``check`` needs an observed library; ``memory``: its model, unless
        it is the board's."""
        return simulated(
            self.emitted.manifest,
            self.library,
            self.image,
            prompt,
            count,
            model=MemoryModel.of(self.design.board, memory, stalls=stalls, seed=seed),
            ends=ends,
            reference=self.reference if check else None,
        )
