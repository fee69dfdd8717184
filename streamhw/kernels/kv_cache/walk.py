# SPDX-License-Identifier: Apache-2.0
"""Walk of a cache kernel over the tokens and heads of its steps."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream

from ...stream.axi.signature import ADDRESS_WIDTH
from .spec import CacheKernelSpec

__all__ = ["START", "WALK_MUXES", "CacheWalk"]

START = 3
"""Cycles from a step to its first row: product, address, and the step itself."""
WALK_MUXES = 3 * ADDRESS_WIDTH
"""Bits of multiplexers in front of the address of a group: that of the layer, of the step or of the
next group, and what holds it."""


class CacheWalk:
    """Logic in a kernel's module: waits for a step, finds the first address, counts groups of heads
    and tokens.

    step: the one under way; running: its addresses are there; begins: they are in the next cycle
    group_done: to be driven, this cycle ends a group of heads; token_done: and the token with it
    group_at: first byte of the group
    """

    def __init__(
        self, m: Module, spec: CacheKernelSpec, i_step: stream.Interface, cfg_base: Signal
    ) -> None:
        layout = spec.layout
        self.step = step = Signal(spec.step, name="step")
        self.running = Signal(name="running")
        self.group_done = Signal(name="group_done")
        self.token_done = Signal(name="token_done")
        self.group_at = Signal(ADDRESS_WIDTH, name="group_at", reset_less=True)
        token = Signal(range(spec.tokens + 1), name="token")
        group = Signal(range(max(2, layout.groups)), name="group")
        layer_at = Signal(ADDRESS_WIDTH, name="layer_at", reset_less=True)
        layer_bytes = Signal(ADDRESS_WIDTH, name="layer_bytes", reset_less=True)
        start = Signal(2, name="start")
        idle = Signal(init=1, name="idle")
        last = Signal(name="last_token")
        m.d.comb += [
            i_step.ready.eq(idle),
            self.token_done.eq(self.group_done & (group == layout.groups - 1)),
            last.eq(token == step.tokens - 1),
        ]
        m.d.sync += start.eq(start << 1)
        with m.If(i_step.valid & idle & ~i_step.p.tail):
            m.d.sync += [step.eq(i_step.p), idle.eq(0), start.eq(1), token.eq(0)]
        m.d.sync += layer_bytes.eq(step.layer * (layout.groups * layout.group_bytes) + spec.offset)
        with m.If(start[1]):
            m.d.sync += [
                layer_at.eq(cfg_base + layer_bytes),
                self.group_at.eq(cfg_base + layer_bytes),
                self.running.eq(1),
            ]
        with m.If(self.group_done):
            m.d.sync += [
                group.eq(Mux(self.token_done, 0, group + 1)),
                self.group_at.eq(
                    Mux(self.token_done, layer_at, self.group_at + layout.group_bytes)
                ),
            ]
        with m.If(self.token_done):
            m.d.sync += token.eq(token + 1)
            with m.If(last):
                m.d.sync += [self.running.eq(0), idle.eq(1)]
        self.begins = start[1]
