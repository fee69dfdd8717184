# SPDX-License-Identifier: Apache-2.0
"""Hardware of the matmul engine: the sequencers that connect its parts."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import data, wiring
from amaranth.utils import ceil_log2

from ...stream.loop_order import LoopOrder
from .activation_buffer import OPERAND_LATENCY, ActivationBuffer
from .array import MatmulArray
from .digits import DigitSplit
from .geometry import SLOTS, MatmulGeometry
from .named_nets import delayed
from .output_stage import OutputStage
from .packing import AFFINE_WORDS
from .requantizer import choose
from .tile_scales import TileScales
from .weight_buffer import WeightBuffer

__all__ = ["MatmulKernel"]


class MatmulKernel(wiring.Component):
    """Sequencers, each a tile or more behind the other; see ``MatmulSpec``::

        i_run -+-> scales load --+-> array: x meets weights --> drain --> o_*
               +-> operand load -+

    They count tiles modulo ``2 * SLOTS``; a tile's number modulo ``SLOTS`` is its slot in the
    tile scales and in the accumulators, so ``loaded - drained <= SLOTS`` is the only limit. Where
    the loop over inputs is loop_order, a store of weights stands in front of the array.
    """

    def __init__(self, spec: MatmulGeometry):
        self._spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        spec = self._spec
        m = Module()
        selects = range(max(2, len(spec.contexts)))
        loaded, issued, drained = (
            Signal(range(2 * SLOTS), name=name) for name in ("loaded", "issued", "drained")
        )
        slot_bits = len(loaded) - 1
        words = [spec.tile_words(c) for c in spec.contexts]
        m.submodules.tile_scales = scales = TileScales(
            rows=spec.rows,
            lanes=spec.scale_lanes,
            slots=SLOTS,
            tiles=[c.outputs // spec.rows for c in spec.contexts],
            beats=[count // spec.scale_lanes for count in words],
            groups=max(words) - AFFINE_WORDS if spec.is_grouped else 0,
            has_offsets=spec.weights.has_offsets,
        )
        m.submodules.operand = operand = ActivationBuffer(
            layout=spec.layout, arrivals=[c.stored for c in spec.contexts], tokens=spec.tokens
        )
        m.submodules.array = array = MatmulArray(spec, depth=SLOTS * spec.layout.places)
        m.submodules.drain = drain = OutputStage(
            rows=spec.rows,
            lanes=spec.lanes,
            tokens=spec.rows_of_x,
            width=spec.accumulator_width,
            result_width=spec.result_width,
            outputs=spec.output_ports,
            digits=[c.digits for c in spec.contexts],
            wait=2 * spec.row_slices,
        )

        # A command lets its operand in at once, so that results may flow into the next context
        # while this one still has tiles to load; it waits for the loading of scales, and the array.
        command = data.View(spec.command, self.i_run.payload.as_value())
        pending, start, loading, told = (
            Signal(name=name) for name in ("pending", "start", "loading", "told")
        )
        pending_context, pending_tokens = Signal(selects), Signal(range(spec.rows_of_x + 1))
        m.d.comb += [
            self.i_run.ready.eq(~operand.busy & ~pending),
            start.eq(self.i_run.valid & self.i_run.ready),
            loading.eq((start | (pending & ~told)) & ~scales.busy),
            scales.start.eq(loading),
            scales.context.eq(Mux(pending, pending_context, command.context)),
            scales.free.eq((loaded - drained)[: slot_bits + 1] != SLOTS),
            scales.i.payload.as_value().eq(self.i_tile_scales.payload.as_value()),
            scales.i.valid.eq(self.i_tile_scales.valid),
            self.i_tile_scales.ready.eq(scales.i.ready),
            operand.start.eq(start),
            operand.context.eq(command.context),
            operand.tokens.eq(command.tokens),
        ]
        for index, c in enumerate(spec.contexts):
            inner, outer = getattr(operand, f"i_{index}"), getattr(self, f"i_x_{c.name}")
            if c.digits > 1:
                split = DigitSplit(width=c.arrival.fmt.width, lanes=c.arrival.lanes)
                m.submodules[f"digits_{c.name}"] = split
                wiring.connect(m, split.o, inner)
                inner = split.i
            m.d.comb += [
                inner.valid.eq(outer.valid),
                inner.payload.as_value().eq(outer.payload.as_value()),
                outer.ready.eq(inner.ready),
            ]
        with m.If(scales.loaded):
            m.d.sync += loaded.eq(loaded + 1)

        # which words of x the array reads next: `beat` counts passes of token lanes
        inputs_inside = spec.loop_order is LoopOrder.OUTPUT_STATIONARY
        active, context = Signal(), Signal(selects)
        region = Signal()
        last_token = Signal(range(max(2, spec.rows_of_x)))
        beat = Signal(range(max(2, spec.layout.places)))
        # Counters of one value keep a bit: Verilog has no signals of none.
        step = Signal(range(max(2, *(c.inputs // spec.input_lanes for c in spec.contexts))))
        tile = Signal(range(max(2, *(c.outputs // spec.rows for c in spec.contexts))))
        issue, beat_end, tile_end, run_end = (
            Signal(name=name) for name in ("issue", "beat_end", "tile_end", "run_end")
        )
        last_step, last_tile = Signal.like(step), Signal.like(tile)
        final = Signal()
        m.d.comb += [
            final.eq(step == last_step),
            last_step.eq(
                choose(context, [c.inputs // spec.input_lanes - 1 for c in spec.contexts])
            ),
            last_tile.eq(choose(context, [c.outputs // spec.rows - 1 for c in spec.contexts])),
            beat_end.eq(beat == last_token >> spec.layout.lane_bits),
            tile_end.eq(beat_end & final),
            run_end.eq(issue & tile_end & (tile == last_tile)),
        ]
        with m.If(issue):
            if inputs_inside:
                m.d.sync += step.eq(step + 1)
                with m.If(final):
                    m.d.sync += [step.eq(0), beat.eq(Mux(beat_end, 0, beat + 1))]
            else:
                m.d.sync += beat.eq(beat + 1)
                with m.If(beat_end):
                    m.d.sync += [beat.eq(0), step.eq(step + 1)]
            with m.If(tile_end):
                m.d.sync += [step.eq(0), tile.eq(tile + 1), issued.eq(issued + 1)]
            with m.If(run_end):
                m.d.sync += [tile.eq(0), active.eq(0)]
        with m.If(loading):
            m.d.sync += told.eq(1)
        with m.If(pending & (told | loading) & (~active | run_end)):
            m.d.sync += [
                pending.eq(0),
                told.eq(0),
                active.eq(1),
                region.eq(~region),
                context.eq(pending_context),
                last_token.eq(pending_tokens - 1),
            ]
        with m.If(start):
            m.d.sync += [
                pending.eq(1),
                pending_context.eq(command.context),
                pending_tokens.eq(self._rows_of_x(command)),
            ]

        # x is there if all of it is, or, where its words come in order, those of this beat: with
        # two digits, a word of both rows after the other
        here, follows, flows = Signal(), Signal(), Signal()
        newest = Signal.like(last_token)
        places = (beat << spec.layout.lane_bits) + (spec.token_lanes - 1)
        early: ValueLike = 0
        if inputs_inside:
            early = self._comes(m, context, issue, run_end, operand.arrived)
        if spec.has_digits:
            wanted = Cat(Const(0, 1), step) + newest
            single = self._two_digits(context) & (last_token == 1)
            early |= follows & single & (operand.arrived > wanted)
        m.d.comb += [
            follows.eq(choose(context, [int(c.follows) for c in spec.contexts])),
            flows.eq(choose(context, [int(spec.flows(c)) for c in spec.contexts])),
            newest.eq(Mux(places > last_token, last_token, places)),
            here.eq(
                ~operand.busy
                | (operand.region != region)
                | (follows & (last_token == 0) & (operand.arrived > step))
                | (flows & (operand.arrived > newest))
                | early
            ),
        ]
        weights = self.i_weight
        if inputs_inside:
            weights = self._kept(m, start, pending_context, pending_tokens)
        # x meets weights: the register takes new ones in the cycle in which its last beat leaves
        full, spent = Signal(), Signal()
        load = Signal()
        m.d.comb += [
            weights.ready.eq(~full | spent),
            load.eq(weights.valid & weights.ready),
            issue.eq(active & here & (loaded != issued) & ((full & ~spent) | weights.valid)),
            operand.en.eq(issue),
            operand.at.eq(Cat(step[: spec.layout.word_bits], self._place(beat), region)),
        ]
        used: Value = issue if inputs_inside else issue & beat_end
        m.d.sync += spent.eq(used)
        with m.If(weights.ready):
            m.d.sync += full.eq(weights.valid)

        # x comes some cycles after its address: all that goes with it waits as long
        lanes = Cat(
            issue & (beat * spec.token_lanes + lane <= last_token)
            for lane in range(spec.token_lanes)
        )

        def late(name: str, value: Value) -> Value:
            return delayed(m, name, value, OPERAND_LATENCY)[-1]

        m.d.comb += [
            array.load.eq(load),
            array.weight.eq(Value.cast(weights.payload)),
            array.issue.eq(late("issue", lanes)),
            array.x.eq(operand.x),
            array.first.eq(late("first", step == 0)),
            array.last.eq(late("last", final)),
            array.at.eq(late("at", issued[:slot_bits] * spec.layout.places + beat)),
        ]
        if spec.is_grouped:
            group = self._group(m, used, final if inputs_inside else tile_end, context)
            delay = OPERAND_LATENCY + array.group_delay
            at = delayed(m, "group_at", Cat(group, issued[:slot_bits]), delay)[-1]
            m.d.comb += [
                scales.group_en.eq(array.group_en),
                scales.group.eq(at[: len(group)]),
                scales.group_slot.eq(at[len(group) :]),
                array.take.eq(scales.take),
                array.m.eq(scales.m),
            ]
        if spec.weights.has_offsets:
            m.d.comb += array.n.eq(scales.n)

        # what the drain must know of a finished tile
        contexts = Array(Signal(selects, name=f"context_{slot}") for slot in range(SLOTS))
        tokens = Array(
            Signal(range(max(2, spec.rows_of_x)), name=f"tokens_{slot}") for slot in range(SLOTS)
        )
        with m.If(issue & final):
            m.d.sync += [
                contexts[issued[:slot_bits]].eq(context),
                tokens[issued[:slot_bits]].eq(last_token),
            ]
        # beats whose sums are finished: the drain may follow the last step token by token
        finished, leaves = Signal(range(SLOTS * spec.layout.places + 1)), Signal()
        low = Cat(drain.token, 0)[: spec.layout.lane_bits]
        m.d.comb += leaves.eq(drain.done | (drain.read & low.all()))
        m.d.sync += finished.eq(finished + array.done - leaves)
        with m.If(drain.done):
            m.d.sync += drained.eq(drained + 1)
        slot = drained[:slot_bits]
        m.d.comb += [
            drain.some.eq(self._can_drain(finished, drain.context, drain.token)),
            drain.context.eq(choose(slot, contexts)),
            drain.last_token.eq(choose(slot, tokens)),
            array.lane.eq(drain.token),
            array.read.eq(slot * spec.layout.places + (drain.token >> spec.layout.lane_bits)),
            scales.slot.eq(slot),
            drain.acc.eq(array.acc),
            drain.affine.eq(scales.affine),
        ]
        for port in spec.output_ports:
            inner, outer = getattr(drain, port.name), getattr(self, port.name)
            m.d.comb += [
                outer.valid.eq(inner.valid),
                outer.payload.as_value().eq(inner.payload.as_value()),
                inner.ready.eq(outer.ready),
            ]
        return m

    def _two_digits(self, context: Signal) -> Value:
        """Whether each token of a context is two rows of x."""
        return choose(context, [int(c.digits > 1) for c in self._spec.contexts])

    def _rows_of_x(self, command: data.View) -> Value:
        """Rows of x that a command names."""
        tokens = command.tokens
        if not self._spec.has_digits:
            return tokens
        return choose(command.context, [tokens << (c.digits - 1) for c in self._spec.contexts])

    def _can_drain(self, finished: Signal, context: Signal, row: Signal) -> Value:
        """Whether sums of a row are finished, and of the other digits of its token, where they are
        read in turns."""
        some = finished != 0
        if not self._spec.has_digits or self._spec.token_lanes > 1:
            return some
        return some & (~self._two_digits(context) | row[0] | (finished != 1))

    def _comes(
        self, m: Module, context: Signal, issue: Signal, run_end: Signal, arrived: Value
    ) -> Value:
        """Whether the word of x that is wanted next is here, where the first tile reads them as
        they come."""
        wanted, in_order = Signal.like(arrived), Signal()
        orders = [int(self._spec.wants_in_order(c)) for c in self._spec.contexts]
        m.d.comb += in_order.eq(choose(context, orders))
        with m.If(issue):
            m.d.sync += wanted.eq(Mux(run_end, 0, wanted + 1))
        return in_order & (arrived > wanted)

    def _kept(
        self, m: Module, start: Signal, context: Signal, tokens: Signal
    ) -> "wiring.PureInterface":
        """The weights of each tile from a store, once for each pass of tokens; ``context`` and
        ``tokens`` are known a cycle after ``start``."""
        spec = self._spec
        m.submodules.weights = store = WeightBuffer(
            width=spec.rows * spec.input_lanes * spec.weights.bits,
            steps=[c.inputs // spec.input_lanes for c in spec.contexts],
            tiles=[c.outputs // spec.rows for c in spec.contexts],
            tokens=spec.rows_of_x,
            lane_bits=spec.layout.lane_bits,
        )
        started = Signal(name="started")
        m.d.sync += started.eq(start)
        m.d.comb += [
            store.start.eq(started),
            store.context.eq(context),
            store.last_token.eq(tokens - 1),
            store.i.valid.eq(self.i_weight.valid),
            store.i.payload.as_value().eq(self.i_weight.payload.as_value()),
            self.i_weight.ready.eq(store.i.ready),
        ]
        return store.o

    def _place(self, beat: Signal) -> Value:
        """Address bits of a pass over token lanes: none if there is one."""
        return beat[: ceil_log2(self._spec.layout.places)]

    def _group(self, m: Module, advance: Value, sums_end: Signal, context: Signal) -> Signal:
        """Number of the column group of the current step."""
        spec = self._spec
        lengths = [c.inputs // c.groups // spec.input_lanes for c in spec.contexts]
        group = Signal(range(max(2, *(c.groups for c in spec.contexts))))
        inside = Signal(range(max(2, *lengths)))
        last = Signal.like(inside)
        m.d.comb += last.eq(choose(context, [length - 1 for length in lengths]))
        with m.If(advance):
            m.d.sync += inside.eq(inside + 1)
            with m.If(inside == last):
                m.d.sync += [inside.eq(0), group.eq(group + 1)]
            with m.If(sums_end):
                m.d.sync += [inside.eq(0), group.eq(0)]
        return group
