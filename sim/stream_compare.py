# SPDX-License-Identifier: Apache-2.0
"""Every stream of a simulated design against the integer reference, beat by beat."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Channel
from ..compiler.layers.table import layer_table
from ..compiler.mapping.row_windows import row_windows
from ..numerics.lane_codes import lane_codes
from ..quantization.quantized_model import QuantizedModel
from ..reference.integer_model import Cache, IntegerModel, Trace
from ..stream.control.row_windows import RowWindows
from ..stream.control.scope import Scope
from ..stream.itensor.itensor import ITensor, Symbol, SymbolValues
from ..stream.itensor.memory_order import TOKENS
from .answer_steps import layers_of
from .dataflow_order import dataflow_order
from .mismatch import Mismatch

__all__ = ["Comparison", "StreamReference", "decode"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Invocation:
    """Expected beats of one invocation of a stream."""

    layer: int | None
    step: int  # position of its step's first token
    last: int  # position of its step's last one
    beats: Ints
    order: Ints


@dataclass
class _Watched:
    """A stream; ``layers``: in which it carries a value, each step; ``None`` outside them."""

    channel: Channel
    layers: Sequence[int | None]
    expected: list[_Invocation] = field(default_factory=list)
    found: list[Ints] = field(default_factory=list)
    done: int = 0  # invocations that have been compared
    wrong: "_Difference | None" = None  # the first one


@dataclass(frozen=True)
class _Difference:
    """A beat of an invocation that is wrong; found: None where it is missing."""

    invocation: _Invocation
    beat: int
    found: Ints | None


@dataclass(frozen=True, kw_only=True)
class StreamReference:
    """What a simulation is compared with: the types of the streams, and the integers that they must
    carry.

    spell: the text of a token
    """

    netlist: PlacedNetlist
    quantized: QuantizedModel
    spell: Callable[[int], str] | None = None


class Comparison:
    """Follows an answer: told what the hardware was fed with, and what its streams carried.

    reference: what the streams must carry
    take: gives the beats of a stream since the last call, as (beats, bytes)
    """

    def __init__(self, reference: StreamReference, take: Callable[[str], NDArray[np.uint8]]):
        design = reference.netlist
        self._design, self._quantized, self._spell = design, reference.quantized, reference.spell
        self._tokens: list[int] = []
        self._graph = design.graph
        self._golden = IntegerModel(reference.quantized, layer_table().reference)
        self._cache = Cache()
        self._token_batch = design.tiling.token_batch
        self._windows = row_windows(
            design.graph, design.tiling, design.board.beat_bits, design.cache_bits
        )
        self._take = take
        channels = [channel for channel in design.channels if channel.value is not None]
        self._watched = [
            _Watched(c, layers_of(design, c)) for c in dataflow_order(design.graph, channels)
        ]
        self.beats = 0
        self._streams: set[str] = set()

    @property
    def watched(self) -> frozenset[str]:
        """Names of the streams that carry values: those to capture."""
        return frozenset(w.channel.name for w in self._watched)

    @property
    def streams(self) -> int:
        """Streams of which beats were compared so far."""
        return len(self._streams)

    def feed(self, tokens: Sequence[int]) -> int:
        """Says that the hardware runs these tokens next, the last with a result.

        Returns the token that must follow.
        """
        result = -1
        self._tokens += tokens
        for begin in range(0, len(tokens), self._token_batch):
            part = list(tokens[begin : begin + self._token_batch])
            position = self._cache.position
            trace = self._golden.step(part, self._cache)
            head = begin + len(part) == len(tokens)
            for watched in self._watched:
                watched.expected += _activations(
                    watched, trace, self._windows, position, len(part), head
                )
            result = int(trace[self._graph.result, None][-1])
        return result

    def compare(self, *, complete: bool = False) -> Mismatch | None:
        """Compares what has come since the last call; the first difference ever found, if any: of
        the first step, in it the first layer, in that the first stream of the dataflow.

        complete: whether everything that was fed must have come
        """
        for watched in self._watched:
            name = watched.channel.name
            watched.found.append(decode(self._take(name), watched.channel.consumed))
            found = np.concatenate(watched.found)
            if watched.wrong is None:
                watched.wrong, used = self._match(watched, found, complete)
                found = found[used:]
            watched.found = [found]
        return self.first

    @property
    def first(self) -> Mismatch | None:
        """The first difference of all that was compared."""
        wrong = [watched for watched in self._watched if watched.wrong is not None]
        return self._told(min(wrong, key=self._when), len(wrong)) if wrong else None

    def _when(self, watched: _Watched) -> tuple[int, int, int]:
        """Step, layer and place in the dataflow of a stream's first difference."""
        assert watched.wrong is not None
        invocation = watched.wrong.invocation
        layer = invocation.layer
        if layer is None:
            trips = sum(loop.trips for loop in self._graph.loops)
            layer = trips if watched.channel.scope is Scope.TAIL else -1
        return invocation.step, layer, self._watched.index(watched)

    def _told(self, watched: _Watched, wrong: int) -> Mismatch:
        """A stream's first difference in words."""
        difference, channel = watched.wrong, watched.channel
        assert difference is not None
        invocation, type = difference.invocation, channel.consumed
        wanted = invocation.beats[difference.beat]
        lane = 0
        if difference.found is not None:
            lane = int(np.flatnonzero(wanted != difference.found)[0])
        offset = invocation.order[difference.beat]
        element = tuple(
            int(o + i) for o, i in zip(offset, np.unravel_index(lane, type.tile), strict=True)
        )
        by_row = any(
            loop.dim == 0 and isinstance(loop.trip, Symbol) and loop.trip.name == TOKENS
            for loop in type.loops
        )
        position = invocation.step + (element[0] if by_row else 0)
        if channel.scope is Scope.TAIL:
            position = invocation.last
        source = self._design.instance(channel.source.instance)
        watching = self.watched
        unseen = [c.name for c in self._design.channels if c.sink.instance == source.name]
        return Mismatch(
            kernel=source.name,
            label=source.part.label,
            stream=channel.name,
            value=str(channel.value),
            layer=invocation.layer,
            position=position,
            token=self._token(position),
            element=element,
            lane=lane,
            expected=int(wanted[lane]),
            found=None if difference.found is None else int(difference.found[lane]),
            step=self._step(channel, invocation.layer, element[-1]),
            unseen=tuple(name for name in unseen if name not in watching),
            wrong=wrong,
            streams=len(self._watched),
        )

    def _token(self, position: int) -> str:
        if position >= len(self._tokens):
            return "to come"
        token = self._tokens[position]
        return str(token) if self._spell is None else f"{token} {self._spell(token)!r}"

    def _step(self, channel: Channel, layer: int | None, feature: int) -> float:
        """The real size of one code of a feature; of an inner value, that of its format."""
        value = str(channel.value)
        if value not in self._quantized.formats:
            return channel.consumed.fmt.step
        scales = np.asarray(self._quantized.scales(value, layer)).reshape(-1)
        return float(scales[feature] if feature < len(scales) else scales[-1])

    def save(self) -> dict[str, Ints]:
        """How far the comparison is, and what it has of invocations that have not passed whole."""
        found = {f"found{i}": np.concatenate(w.found) for i, w in enumerate(self._watched)}
        return {"compared": np.array([w.done for w in self._watched]), **found}

    def load(self, saved: Mapping[str, Ints]) -> None:
        """Goes on from what ``save`` gave; everything that was fed until then must be again."""
        for i, (watched, done) in enumerate(zip(self._watched, saved["compared"], strict=True)):
            passed, watched.expected = watched.expected[:done], watched.expected[done:]
            watched.done, watched.found = int(done), [saved[f"found{i}"]]
            self.beats += sum(len(invocation.beats) for invocation in passed)
            self._streams |= {watched.channel.name} if passed else set()

    def _match(
        self, watched: _Watched, found: Ints, complete: bool
    ) -> tuple[_Difference | None, int]:
        used = 0
        while watched.expected:
            invocation = watched.expected[0]
            count = len(invocation.beats)
            have = found[used : used + count]
            wrong = np.flatnonzero((have != invocation.beats[: len(have)]).any(axis=1))
            self.beats += len(have)
            if len(have):
                self._streams.add(watched.channel.name)
            if len(wrong):
                return _Difference(invocation, int(wrong[0]), have[wrong[0]]), used
            if len(have) < count:
                if complete:
                    return _Difference(invocation, len(have), None), used
                self.beats -= len(have)
                break
            used += count
            watched.done += 1
            watched.expected.pop(0)
        return None, used


def decode(beats: NDArray[np.uint8], type: ITensor) -> Ints:
    """Codes of the lanes, (beats, lanes), from captured payload bytes (beats, bytes)."""
    return lane_codes(beats, type.fmt, type.lanes)


def _activations(
    watched: _Watched,
    trace: Trace,
    windows: RowWindows,
    position: int,
    count: int,
    head: bool,
) -> Iterator[_Invocation]:
    """The expected beats of one step: once, once a layer, or only if the step has a result."""
    channel = watched.channel
    value = channel.value
    assert value is not None
    if channel.scope is Scope.TAIL and not head:
        return
    type = channel.consumed
    for layer in watched.layers:
        tensor = trace.get((value, layer))
        if tensor is None:
            return
        symbol_values: SymbolValues = {"tokens": 1}
        if channel.scope is not Scope.TAIL:
            lengths = windows.lengths(position, count, layer or 0)
            symbol_values = {"tokens": count, "length": lengths}
        if windows.widths and layer is not None:
            begins = [windows.begin(position + t, layer) for t in range(count)]
            tensor = _from_begins(tensor, type, begins)
        yield _Invocation(
            layer,
            position,
            position + count - 1,
            type.pack(_padded(tensor, type), symbol_values),
            type.order(symbol_values),
        )


def _from_begins(tensor: Ints, type: ITensor, begins: Sequence[int]) -> Ints:
    """A value over positions, of which each token's row begins elsewhere, as its stream has it: for
    each token from there on. Cached rows are the same for all tokens until then."""
    moved = {
        loop.dim
        for loop in type.loops
        if isinstance(loop.trip, Symbol) and loop.trip.ragged and loop.dim is not None
    }
    if not moved:
        return tensor
    ((dim,), own) = moved, tensor.ndim == type.rank
    rows = [tensor[t] if own else tensor for t in range(len(begins))]
    shifted = [np.roll(row, -at, axis=dim - 1) for row, at in zip(rows, begins, strict=True)]
    return np.stack(shifted)


def _padded(tensor: Ints, type: ITensor) -> Ints:
    """A value with the features that fill the last tile of a matrix: they have the least code."""
    tensor = tensor.reshape(tensor.shape[: type.rank]) if tensor.ndim > type.rank else tensor
    extent = type.tensor_shape()[-1]
    missing = extent - tensor.shape[-1]
    if type.rank == 1 or missing <= 0:
        return tensor
    pads = [(0, 0)] * (tensor.ndim - 1) + [(0, missing)]
    return np.pad(tensor, pads, constant_values=type.fmt.minimum)
