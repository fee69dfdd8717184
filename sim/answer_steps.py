# SPDX-License-Identifier: Apache-2.0
"""The steps of an answer, and how often each stream of values passes in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Channel
from ..compiler.mapping.row_windows import row_windows
from ..stream.control.scope import Scope
from ..stream.itensor.itensor import SymbolValues
from ..stream.spec import Role

__all__ = ["AnswerSteps", "StreamInvocation", "layers_of"]


@dataclass(frozen=True, kw_only=True)
class StreamInvocation:
    """One passage of a stream's value.

    position: of its step's first token; layer: None outside the loop
    symbol_values: with which its type says what passes
    """

    position: int
    layer: int | None
    symbol_values: SymbolValues


class AnswerSteps:
    """Those of an answer of ``tokens`` to a prompt, both counted in tokens."""

    def __init__(self, design: PlacedNetlist, prompt: int, tokens: int):
        self._design = design
        self._prompt = prompt
        batch = design.tiling.token_batch
        # Positions of the first token, number of tokens, whether a result follows.
        self._steps = [
            (position, min(batch, prompt - position), position + batch >= prompt)
            for position in range(0, prompt, batch)
        ]
        self._steps += [(prompt + number, 1, True) for number in range(tokens - 1)]
        self._windows = row_windows(
            design.graph, design.tiling, design.board.beat_bits, design.cache_bits
        )

    def first_position(self, token: int) -> int:
        """Of the step that leads to that token of the answer, from 0; of the prompt if it is 0."""
        return self._prompt + token - 1 if token else 0

    def layers(self, channel: Channel) -> Sequence[int | None]:
        """In which layers a stream carries its value, each step; ``None`` outside them."""
        return layers_of(self._design, channel)

    def invocations(self, channel: Channel) -> Iterator[StreamInvocation]:
        """All of a stream, in their order."""
        for position, count, head in self._steps:
            if channel.scope is Scope.TAIL and not head:
                continue
            for layer in self.layers(channel):
                values: SymbolValues = {"tokens": 1}
                if channel.scope is not Scope.TAIL:
                    lengths = self._windows.lengths(position, count, layer or 0)
                    values = {"tokens": count, "length": lengths}
                yield StreamInvocation(position=position, layer=layer, symbol_values=values)


def layers_of(design: PlacedNetlist, channel: Channel) -> Sequence[int | None]:
    """In which layers a stream carries its value, each step; ``None`` outside them.

    What leads from a layer to the next does not in the last one; what enters the loop passes once.
    """
    source, sink = (
        design.instance(end.instance).port(end.port) for end in (channel.source, channel.sink)
    )
    if channel.scope is not Scope.BODY or sink.role is Role.LOOP_ENTRY:
        return (None,)
    return range(design.graph.loops[0].trips - (source.role is Role.LOOP_BACK))
