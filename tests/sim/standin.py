# SPDX-License-Identifier: Apache-2.0
"""A small accelerator for tests of the simulator: the next token is a checksum of memory.

For the token t at the last position it reads ``bursts`` bursts of ``beats`` beats from the row of
t, adds the low 32 bits of all beats and t to the next token, and writes a burst of the sum,
replicated, to the row of the position in the results. A ``flaw`` makes it break a rule.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import Out

from streamhw.compiler.backend.conversion import converted
from streamhw.runtime.manifest import (
    Manifest,
    ManifestPort,
    ManifestQueue,
    ManifestRegion,
    ManifestStream,
    MemoryMap,
)
from streamhw.stream.axi.control_slave import ControlSlave
from streamhw.stream.axi.signature import axi4, connect_pins, pins

FLAWS = ("cross", "range", "last", "unstable", "drop", "hang", "size")
QUEUE_DEPTH = 8
WRITE_BEATS = 4


@dataclass(frozen=True, kw_only=True)
class Standin:
    """Parameters of the stand-in; ``vocabulary`` is a power of two."""

    width: int = 64
    beats: int = 4
    bursts: int = 2
    vocabulary: int = 16
    context: int = 32
    pause: bool = True  # the sum takes a beat only every other cycle
    flaw: str | None = None
    status: tuple[str, ...] = field(default=("stat_count", "stat_busy", "stat_done"))

    @property
    def beat_bytes(self) -> int:
        return self.width // 8

    @property
    def row(self) -> int:
        return self.beats * self.bursts * self.beat_bytes

    @property
    def results(self) -> int:
        return -(-self.row * self.vocabulary // 4096) * 4096

    @property
    def manifest(self) -> Manifest:
        size = self.results + self.context * WRITE_BEATS * self.beat_bytes
        return Manifest(
            board="sim",
            context=self.context,
            vocabulary=self.vocabulary,
            token_batch=1,
            digest="0123456789abcdef",
            memory=MemoryMap(
                bytes=size,
                regions=(
                    ManifestRegion(name="rows", offset=0, bytes=self.row * self.vocabulary),
                    ManifestRegion(name="results", offset=self.results, bytes=size - self.results),
                ),
            ),
            ports=(
                ManifestPort(
                    name="m_axi_mem0", data_width=self.width, address_width=40, id_width=4
                ),
            ),
            status=self.status,
            streams=(
                ManifestStream(
                    name="h_sum",
                    payload="h_sum__payload",
                    valid="h_sum__valid",
                    ready="h_sum__ready",
                    width=self.width,
                    scope="step",
                ),
            ),
            queues=(ManifestQueue(name="h_sum", level="h_sum_level", depth=QUEUE_DEPTH),),
        )

    def image(self, seed: int) -> np.ndarray:
        """Random memory content."""
        return np.random.default_rng(seed).integers(0, 256, self.results, dtype=np.uint8)

    def answer(self, image: np.ndarray, prompt: list[int], count: int) -> list[int]:
        """The tokens that the stand-in must generate."""
        tokens = list(prompt)
        for _ in range(count):
            total = int(self.beats_of(image, tokens[-1])[:, :4].copy().view("<u4").sum())
            tokens.append((tokens[-1] + total) % self.vocabulary)
        return tokens[len(prompt) :]

    def beats_of(self, image: np.ndarray, token: int) -> np.ndarray:
        """Beats (beats, bytes) that are read for a token."""
        return image[token * self.row :][: self.row].reshape(-1, self.beat_bytes)

    def write(self, folder: Path) -> Path:
        """Writes the Verilog of the top to a folder."""
        path = folder / "top.v"
        text = converted(_Top(self), "top")
        path.write_text(text)
        return path


class _Top(wiring.Component):
    def __init__(self, spec: Standin):
        self._spec = spec
        self._token_width = (spec.vocabulary - 1).bit_length()
        self._control = ControlSlave(context=spec.context, token_width=self._token_width)
        self._bus = axi4(width=spec.width).create(path=("mem0",))
        members = pins(self._control.bus.signature, "s_axil")
        members |= pins(self._bus.signature, "m_axi_mem0")
        count = range(spec.context + 1)
        shapes = {"stat_count": count, "stat_busy": 1, "stat_done": 1}
        members |= {name: Out(shapes[name]) for name in spec.status}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m, spec, bus = Module(), self._spec, self._bus
        m.submodules.control = control = self._control
        connect_pins(m, self, "s_axil", control.bus)
        connect_pins(m, self, "m_axi_mem0", bus)
        m.submodules.queue = queue = SyncFIFOBuffered(width=spec.width, depth=QUEUE_DEPTH)
        h_sum = stream.Signature(spec.width).create(path=("h_sum",))
        level = Signal(range(QUEUE_DEPTH + 1), name="h_sum_level")
        m.d.comb += [
            level.eq(queue.level),
            queue.w_data.eq(bus.r.p.data),
            queue.w_en.eq(bus.r.valid),
            bus.r.ready.eq(queue.w_rdy),
            h_sum.payload.eq(queue.r_data),
            h_sum.valid.eq(queue.r_rdy),
            queue.r_en.eq(h_sum.ready),
        ]

        busy, done, stop = Signal(), Signal(), Signal()
        count, position = Signal(range(spec.context + 1)), Signal(range(spec.context))
        m.d.comb += [
            control.stat_build.eq(spec.manifest.build),
            control.stat_busy.eq(busy),
            control.stat_done.eq(done),
            control.stat_running.eq(1),
            control.stat_idle.eq(1),
            control.stat_count.eq(count),
            control.token_read_addr.eq(position),
            control.token_write_addr.eq(count),
        ]
        for name, value in (("stat_count", count), ("stat_busy", busy), ("stat_done", done)):
            if name in spec.status:
                m.d.comb += getattr(self, name).eq(value)

        token, total = Signal(self._token_width), Signal(32)
        issued, left = Signal(range(spec.bursts + 1)), Signal(range(spec.beats * spec.bursts + 1))
        sent = Signal(range(WRITE_BEATS + 1))
        toggle = Signal()
        m.d.sync += toggle.eq(~toggle)
        burst_bytes = spec.beats * spec.beat_bytes
        address = Signal(40)
        m.d.comb += address.eq(control.cfg_base + token * spec.row + issued * burst_bytes)
        if spec.flaw == "cross":
            m.d.comb += address.eq(control.cfg_base + 4096 - spec.beat_bytes)
        if spec.flaw == "range":
            m.d.comb += address.eq(control.cfg_base + (1 << 30))
        if spec.flaw == "unstable":
            m.d.comb += address.eq(Mux(toggle, 0, burst_bytes))
        size = (spec.beat_bytes - 1).bit_length() - (spec.flaw == "size")
        reading = Signal()
        m.d.comb += [
            bus.ar.valid.eq(reading & (issued != spec.bursts)),
            bus.ar.p.addr.eq(address),
            bus.ar.p.len.eq(spec.beats - 1),
            bus.ar.p.size.eq(size),
            bus.ar.p.burst.eq(1),
            bus.ar.p.id.eq(3),
            bus.aw.p.addr.eq(
                control.cfg_base + spec.results + position * (WRITE_BEATS * spec.beat_bytes)
            ),
            bus.aw.p.len.eq(WRITE_BEATS - 1),
            bus.aw.p.size.eq(size),
            bus.aw.p.burst.eq(1),
            bus.w.p.data.eq(total.replicate(spec.width // 32)),
            bus.w.p.strb.eq(-1),
            bus.w.p.last.eq(sent == WRITE_BEATS - (2 if spec.flaw == "last" else 1)),
        ]
        if spec.flaw == "drop":
            m.d.comb += bus.ar.valid.eq(reading & toggle)
        with m.If(bus.ar.valid & bus.ar.ready):
            m.d.sync += issued.eq(issued + 1)
        with m.If(control.cfg_stop):
            m.d.sync += stop.eq(1)

        with m.FSM():
            with m.State("IDLE"):
                with m.If(control.cfg_start):
                    m.d.sync += [
                        busy.eq(1),
                        done.eq(0),
                        stop.eq(0),
                        count.eq(control.cfg_prompt_length),
                        position.eq(control.cfg_prompt_length - 1),
                    ]
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "TOKEN"
            with m.State("TOKEN"):
                m.d.sync += [
                    token.eq(control.token_read_data),
                    total.eq(0),
                    issued.eq(0),
                    left.eq(spec.beats * spec.bursts),
                    reading.eq(1),
                ]
                m.next = "READ"
            with m.State("READ"):
                if spec.flaw != "hang":
                    m.d.comb += h_sum.ready.eq(toggle | (not spec.pause))
                with m.If(h_sum.valid & h_sum.ready):
                    m.d.sync += [total.eq(total + h_sum.payload[:32]), left.eq(left - 1)]
                    with m.If(left == 1):
                        m.d.sync += [reading.eq(0), sent.eq(0)]
                        m.next = "ADDRESS"
            with m.State("ADDRESS"):
                m.d.comb += bus.aw.valid.eq(1)
                with m.If(bus.aw.ready):
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += bus.w.valid.eq(1)
                with m.If(bus.w.ready):
                    m.d.sync += sent.eq(sent + 1)
                    with m.If(sent == WRITE_BEATS - 1):
                        m.next = "RESPONSE"
            with m.State("RESPONSE"):
                m.d.comb += bus.b.ready.eq(1)
                with m.If(bus.b.valid):
                    m.next = "APPEND"
            with m.State("APPEND"):
                following = Signal(self._token_width)
                last = Signal()
                m.d.comb += [
                    following.eq(token + total),
                    control.token_write_data.eq(following),
                    control.token_write_enable.eq(1),
                    last.eq(
                        (count + 1 >= control.cfg_total_length)
                        | stop
                        | (control.cfg_eos_enable & (control.cfg_eos == following))
                    ),
                ]
                m.d.sync += [count.eq(count + 1), position.eq(count)]
                with m.If(last):
                    m.d.sync += [busy.eq(0), done.eq(1)]
                    m.next = "IDLE"
                with m.Else():
                    m.next = "FETCH"
        return m
