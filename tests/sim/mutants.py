# SPDX-License-Identifier: Apache-2.0
"""A design whose kernels can each be made wrong in one beat, all of them in one compilation.

Between a kernel and the queue of what it gives stands a mutation. Which one is active is read from
a file as the simulation begins.
"""

import contextlib
import re
from enum import IntEnum
from pathlib import Path

from streamhw.api.build import Build
from streamhw.compiler.ir.netlist import Channel
from streamhw.sim import verilator
from streamhw.sim.device import SimDevice

__all__ = ["Mutants", "Mutation"]

CHOICE = "mutant.hex"
NOBODY = 0xFFFFFFFF


class Mutation(IntEnum):
    """What happens to the beat: it is lost, or one of its bits is wrong."""

    LOSE = 0
    FLIP = 1


class Mutants:
    """The mutants of a build, in one observed simulation.

    folder: gets ``top.v`` with all mutations, none of them active

    Attributes: build; streams, those of values that have a queue
    """

    def __init__(self, build: Build, folder: Path):
        design = build.netlist
        self.build = build
        self.streams = [c for c in design.channels if c.value is not None and design.queues[c.name]]
        self._folder = folder
        self._number = {channel.name: index for index, channel in enumerate(self.streams)}
        text = build.verilog.read_text()
        for channel in self.streams:
            text = self._mutable(text, channel)
        top = re.search(r"^module top\(.*?\);\n", text, re.MULTILINE | re.DOTALL)
        assert top is not None
        # The path is relative, so that the simulation is the same in every folder, and kept.
        chosen = f'  reg [31:0] mutant [0:3];\n  initial $readmemh("{CHOICE}", mutant);\n'
        file = folder / "top.v"
        file.write_text(text[: top.end()] + chosen + text[top.end() :])
        self.choose(None)
        self._library = verilator.build([file], build.manifest, observed=True)

    def choose(
        self,
        stream: Channel | None,
        mutation: Mutation = Mutation.LOSE,
        *,
        beat: int = 0,
        bit: int = 0,
    ) -> None:
        """Of devices that are made from now on: which beat of which stream, counted from 0."""
        number = NOBODY if stream is None else self._number[stream.name]
        words = (number, beat, mutation, bit)
        (self._folder / CHOICE).write_text("".join(f"{word:08x}\n" for word in words))

    def device(self, *, stuck_cycles: int) -> SimDevice:
        """The mutant that was chosen last."""
        build = self.build
        with contextlib.chdir(self._folder):
            return SimDevice(build.manifest, self._library, build.image, stuck_cycles=stuck_cycles)

    def _mutable(self, text: str, channel: Channel) -> str:
        """The queue's front with the mutation before it."""
        name, width = channel.name, channel.consumed.beat_bits
        found = re.search(
            rf"^  queue_\w+ {name}_queue \(\n    \.clk\(clk\),\n    \.i__payload\((.*?)\),\n"
            rf"    \.i__ready\({name}__room\),\n    \.i__valid\({name}__offered\),\n",
            text,
            re.MULTILINE,
        )
        assert found is not None, name
        count = f"beat_{self._number[name]}"
        here = f"mutant[0] == {self._number[name]} && {count} == mutant[1]"
        before = (
            f"  reg [31:0] {count} = 0;\n"
            f"  always @(posedge clk) if ({name}__offered & {name}__room) {count} <= {count} + 1;\n"
            f"  wire [1:0] {count}_is = {{2{{{here}}}}} & (2'd1 << mutant[2][0]);\n"
        )
        flipped = f"{found[1]} ^ ({{{width - 1}'d0, {count}_is[1]}} << mutant[3])"
        if width == 1:
            flipped = f"{found[1]} ^ {count}_is[1]"
        front = found[0].replace(f"({found[1]})", f"({flipped})")
        front = front.replace(f"({name}__offered)", f"({name}__offered & ~{count}_is[0])")
        return text[: found.start()] + before + front + text[found.end() :]
