# SPDX-License-Identifier: Apache-2.0
"""A compiled simulation loaded into Python: the C interface of the harness, typed."""

import ctypes
from collections.abc import Callable, Sequence
from ctypes import (
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int,
    c_int64,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamhw.errors import InternalError
from streamhw.runtime.manifest import Manifest
from streamhw.waves.stream_waves import StreamChanges

__all__ = [
    "ChannelPort",
    "CppConfig",
    "Doing",
    "DramConfig",
    "FaultConfig",
    "Harness",
    "IdealConfig",
    "InjectedFault",
    "MemoryCounters",
    "PartPort",
    "PortConfig",
    "PortCounters",
    "Reason",
    "StreamCounters",
    "Watch",
    "WaveWindow",
]  # fmt: skip


class Reason(IntEnum):
    """Why a run returned."""

    COUNTED = 0  # COUNT is above the given number
    DONE = 1
    CYCLES = 2  # as many cycles as allowed
    STUCK = 3  # nothing moved for as many cycles as allowed
    FAULT = 4
    STOPPED = 5  # not done, and not busy any more


class Doing(IntFlag):
    """What a part does in a cycle, by the streams at its ports, as in ``observe.h``.

    One that moves no beat may lack several things, or nothing: then it computes.
    """

    MOVES = 1  # a beat passes
    LACKS_ROOM = 2  # a beat is offered, and its sink does not take it
    LACKS_INPUT = 4  # a beat is asked for and not there, or there is none at all
    LACKS_MEMORY = 8  # one that memory is to give or to take


DOINGS = 16
"""A change of what a part does is the cycle times this, plus what it does."""
STATES = 4
"""The same of a handshake: its state is valid (bit 0) and ready (bit 1)."""


class InjectedFault(IntEnum):
    """What memory may do wrong, as in ``injection.h``."""

    ERROR_RESPONSE = 1
    SHORT_BURST = 2
    DROPPED = 3
    STUCK = 4


def _words(*names: str, kind: type = c_uint32) -> tuple[tuple[str, type], ...]:
    """Fields of one type."""
    return tuple((name, kind) for name in names)


class PortConfig(Structure):
    """Behaviour of a port whatever the memory is, as in ``axi.h``."""

    _fields_ = (
        *_words("outstanding", "stall_length"),
        ("stalls", c_double * 5),
        ("seed", c_uint64),
    )


class FaultConfig(Structure):
    """A fault of the memory behind a port, as in ``injection.h``."""

    _fields_ = (*_words("kind", "write"), ("burst", c_uint64), ("beat", c_uint32))


class IdealConfig(Structure):
    """A memory of constant latency and bandwidth, as in ``memory.h``."""

    _fields_ = _words("latency", "write_latency", "beats", "cycles")


class DramConfig(Structure):
    """A channel of dynamic memory, as in ``hbm.h``; times are picoseconds."""

    _fields_ = _words(
        "period", "t_ccd", "t_rcd", "t_rp", "t_ras", "t_rtp", "t_wtp", "t_rrd", "t_faw", "t_rtw",
        "t_wtr", "t_rfc", "t_refi", "phase", "read_latency", "write_latency", "access_bytes",
        "row_bytes", "banks", "lookahead", "group", "beat_bytes",
    )  # fmt: skip


class ChannelPort(Structure):
    """The port that a channel of a package is behind, as in ``memory_channel.h``."""

    _fields_ = _words("port", "ports", "beat_bytes", "period")


@dataclass(frozen=True, kw_only=True)
class CppConfig:
    """A channel of a package: its compiled library, its numbers, its port."""

    library: Path
    numbers: tuple[int, ...]
    port: ChannelPort


class PortCounters(Structure):
    """What passed a memory port since the simulation began, as in ``axi.h``."""

    _fields_ = _words(
        "read_bytes", "write_bytes", "read_bursts", "write_bursts", "busy_cycles",
        "blocked_cycles", kind=c_uint64,
    )  # fmt: skip


class MemoryCounters(Structure):
    """What happened in the memory behind a port, as in ``memory.h``."""

    _fields_ = _words("row_hits", "row_misses", "refresh_cycles", kind=c_uint64)


class StreamCounters(Structure):
    """Cycles of a watched stream by state of its handshake, as in ``observe.h``."""

    _fields_ = _words("transfers", "blocked", "starved", "first", "last", "state", kind=c_uint64)


class PartPort(Structure):
    """A stream at a port of a part, as in ``observe.h``."""

    _fields_ = _words("stream", "output", "memory")


class Watch(Structure):
    """Registers to poll if the top has no status outputs, as in ``harness.cpp``."""

    _fields_ = _words("status_address", "done_mask", "busy_mask", "count_address", "poll_cycles")


class WaveWindow(Structure):
    """Cycles that are recorded: from ``cycle`` on, or from that transfer of a stream, as in
    ``waves.h``."""

    _fields_ = (
        ("cycle", c_uint64),
        *_words("by_transfer", "stream"),
        *_words("transfer", "cycles", kind=c_uint64),
    )


_SIGNATURES = {
    "shw_create": (c_void_p, []),
    "shw_creation_error": (c_char_p, []),
    "shw_destroy": (None, [c_void_p]),
    "shw_fault": (c_char_p, [c_void_p]),
    "shw_cycle": (c_uint64, [c_void_p]),
    "shw_count": (c_uint32, [c_void_p]),
    "shw_memory": (None, [c_void_p, c_void_p, c_uint64, c_uint64, c_int]),
    "shw_view": (None, [c_void_p, c_uint32, c_uint64, c_uint32, c_uint32]),
    "shw_port": (None, [c_void_p, c_uint32, POINTER(PortConfig)]),
    "shw_ideal": (None, [c_void_p, c_uint32, POINTER(IdealConfig)]),
    "shw_hbm": (None, [c_void_p, c_uint32, POINTER(DramConfig)]),
    "shw_channel": (c_int, [c_void_p, c_uint32, c_void_p, POINTER(c_int64), POINTER(ChannelPort)]),
    "shw_port_counters": (None, [c_void_p, c_uint32, POINTER(PortCounters)]),
    "shw_memory_counters": (None, [c_void_p, c_uint32, POINTER(MemoryCounters)]),
    "shw_inject": (None, [c_void_p, c_uint32, POINTER(FaultConfig)]),
    "shw_reset": (c_int, [c_void_p, c_uint32, c_int]),
    "shw_step": (c_int, [c_void_p, c_uint64]),
    "shw_write32": (c_int, [c_void_p, c_uint64, c_uint32]),
    "shw_read32": (c_int, [c_void_p, c_uint64, POINTER(c_uint32)]),
    "shw_run": (c_int, [c_void_p, c_uint64, c_uint64, c_uint32, POINTER(Watch)]),
    "shw_capture": (None, [c_void_p, c_uint32, c_int]),
    "shw_captured": (c_uint64, [c_void_p, c_uint32, POINTER(POINTER(c_uint8))]),
    "shw_clear": (None, [c_void_p, c_uint32]),
    "shw_time": (None, [c_void_p, c_uint32]),
    "shw_timed": (c_uint64, [c_void_p, c_uint32, POINTER(POINTER(c_uint64))]),
    "shw_given": (c_uint64, [c_void_p, c_uint32, POINTER(POINTER(c_uint64))]),
    "shw_part": (c_int, [c_void_p, POINTER(PartPort), c_uint32]),
    "shw_changes": (c_uint64, [c_void_p, c_uint32, POINTER(POINTER(c_uint64))]),
    "shw_forget": (None, [c_void_p, c_uint32]),
    "shw_stream_counters": (None, [c_void_p, c_uint32, POINTER(StreamCounters)]),
    "shw_front": (c_uint32, [c_void_p, c_uint32]),
    "shw_peak": (c_uint64, [c_void_p, c_uint32]),
    "shw_level": (c_uint64, [c_void_p, c_uint32]),
    "shw_save": (c_int, [c_void_p, POINTER(POINTER(c_uint8)), POINTER(c_uint64)]),
    "shw_load": (c_int, [c_void_p, c_void_p, c_uint64]),
    "shw_waves": (c_int, [c_void_p, POINTER(WaveWindow), POINTER(c_uint32), c_uint32]),
    "shw_recorded": (c_uint64, [c_void_p, POINTER(c_uint64)]),
    "shw_hands": (c_uint64, [c_void_p, c_uint32, POINTER(POINTER(c_uint64))]),
    "shw_offered": (c_uint64, [c_void_p, c_uint32, POINTER(POINTER(c_uint64))]),
    "shw_numbers": (c_uint64, [c_void_p, c_uint32, POINTER(POINTER(c_uint64))]),
    "shw_beats": (c_uint64, [c_void_p, c_uint32, POINTER(POINTER(c_uint8))]),
    "shw_forget_waves": (None, [c_void_p]),
}


class Harness:
    """One simulated design; methods raise ``InternalError`` when the design breaks a rule.

    The fault of a broken rule (say, a burst across 4 KiB) is kept: nothing runs after it.
    """

    def __init__(self, library: Path, manifest: Manifest, memory: NDArray[np.uint8], *,
                 base: int = 0, answer_errors: bool = False):  # fmt: skip
        """Loads a library; ``memory`` is used in place, at the byte addresses from ``base``."""
        if memory.dtype != np.uint8 or not memory.flags.c_contiguous or not memory.flags.writeable:
            raise ValueError("Memory must be a writable contiguous array of bytes")
        self._library = ctypes.CDLL(str(library))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._handle = self._library.shw_create()
        if not self._handle:
            what = self._library.shw_creation_error().decode()
            raise InternalError(f"Cannot simulate the design: {what}")
        self._memory = memory  # keeps the bytes alive
        self._streams = {stream.name: i for i, stream in enumerate(manifest.streams)}
        self._queued = {stream.name for stream in manifest.streams if stream.offered}
        self._parts: dict[str, int] = {}
        self._recorded: list[str] = []
        self._widths = [(stream.width + 7) // 8 for stream in manifest.streams]
        self._queues = {queue.name: i for i, queue in enumerate(manifest.queues)}
        self._ports = {port.name: i for i, port in enumerate(manifest.ports)}
        self._library.shw_memory(
            self._handle, memory.ctypes.data, memory.size, base, int(answer_errors)
        )
        stride = len(manifest.ports) if manifest.memory.striped else 1
        for i, port in enumerate(manifest.ports):
            self._library.shw_view(self._handle, i, port.address, i % stride, stride)

    def close(self) -> None:
        """Ends the simulation; the object is of no use afterwards."""
        if self._handle:
            self._library.shw_destroy(self._handle)
            self._handle = None

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    @property
    def cycle(self) -> int:
        """Cycles simulated so far."""
        return int(self._library.shw_cycle(self._handle))

    @property
    def count(self) -> int:
        """COUNT when the last run returned."""
        return int(self._library.shw_count(self._handle))

    @property
    def fault(self) -> str:
        """What went wrong first, or nothing."""
        return str(self._library.shw_fault(self._handle).decode())

    def configure(
        self, port: str, config: PortConfig, memory: IdealConfig | DramConfig | CppConfig
    ) -> None:
        """Sets the behaviour of a memory port; every port, once, before the first reset."""
        index = self._ports[port]
        self._library.shw_port(self._handle, index, ctypes.byref(config))
        match memory:
            case IdealConfig():
                self._library.shw_ideal(self._handle, index, ctypes.byref(memory))
            case DramConfig():
                self._library.shw_hbm(self._handle, index, ctypes.byref(memory))
            case CppConfig():
                # A library stays loaded for as long as the process runs: its code is in use.
                make = ctypes.CDLL(str(memory.library)).make_channel
                numbers = (c_int64 * len(memory.numbers))(*memory.numbers)
                address = ctypes.cast(make, c_void_p)
                where = ctypes.byref(memory.port)
                self._check(self._library.shw_channel(self._handle, index, address, numbers, where))

    def inject(self, port: str, fault: FaultConfig) -> None:
        """Gives a burst that a port takes from now on a fault, until memory is reset."""
        self._library.shw_inject(self._handle, self._ports[port], ctypes.byref(fault))

    def reset(self, cycles: int = 4, *, memory: bool = True) -> None:
        """Holds reset, of memory too or of the design alone; memory keeps its bytes."""
        self._check(self._library.shw_reset(self._handle, cycles, int(memory)))

    def step(self, cycles: int) -> None:
        """Runs so many cycles."""
        self._check(self._library.shw_step(self._handle, cycles))

    def write32(self, address: int, value: int) -> None:
        """Writes a register through AXI4-Lite."""
        self._check(self._library.shw_write32(self._handle, address, value))

    def read32(self, address: int) -> int:
        """Reads a register through AXI4-Lite."""
        value = c_uint32()
        self._check(self._library.shw_read32(self._handle, address, ctypes.byref(value)))
        return value.value

    def run(self, count: int, watch: Watch, *, max_cycles: int, stuck_cycles: int) -> Reason:
        """Runs until COUNT is above ``count``, the design is done, or a limit is reached."""
        arguments = (max_cycles, stuck_cycles, count, ctypes.byref(watch))
        reason = Reason(self._library.shw_run(self._handle, *arguments))
        self._check(reason)
        return reason

    def port_counters(self, port: str) -> PortCounters:
        """Traffic of a memory port so far."""
        counters = PortCounters()
        self._library.shw_port_counters(self._handle, self._ports[port], ctypes.byref(counters))
        return counters

    def memory_counters(self, port: str) -> MemoryCounters:
        """What happened in the memory behind a port so far."""
        counters = MemoryCounters()
        self._library.shw_memory_counters(self._handle, self._ports[port], ctypes.byref(counters))
        return counters

    def capture(self, stream: str, on: bool) -> None:
        """Whether the beats of a stream are kept (they are, at first)."""
        self._library.shw_capture(self._handle, self._streams[stream], int(on))

    def take(self, stream: str) -> NDArray[np.uint8]:
        """The captured beats of a stream since the last call, (beats, bytes), little endian."""
        index = self._streams[stream]
        data = POINTER(c_uint8)()
        size = self._library.shw_captured(self._handle, index, ctypes.byref(data))
        width = self._widths[index]
        if not size:
            return np.zeros((0, width), dtype=np.uint8)
        beats = np.ctypeslib.as_array(data, (size,)).copy().reshape(-1, width)
        self._library.shw_clear(self._handle, index)
        return beats

    def time(self, stream: str) -> None:
        """Keeps the cycles of the transfers from now on, and forgets earlier ones."""
        self._library.shw_time(self._handle, self._streams[stream])

    def timed(self, stream: str) -> NDArray[np.uint64]:
        """The cycles of the transfers since ``time``."""
        return self._numbers(self._library.shw_timed, self._streams[stream])

    def given(self, stream: str) -> NDArray[np.uint64]:
        """The same at the stream's source, in front of its queue."""
        if stream not in self._queued:
            return self.timed(stream)
        return self._numbers(self._library.shw_given, self._streams[stream])

    def watch(self, part: str, ports: Sequence[tuple[str, bool, bool]]) -> None:
        """Says in every cycle from now on what a part does.

        ports: of each its stream, whether it is an output, and whether memory is at its other end
        """
        numbered = (PartPort(self._streams[name], *flags) for name, *flags in ports)
        made = (PartPort * len(ports))(*numbered)
        self._check(self._library.shw_part(self._handle, made, len(ports)))
        self._parts[part] = len(self._parts)

    def changes(self, part: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cycles in which what a watched part does has changed, and to which ``Doing``."""
        found = self._numbers(self._library.shw_changes, self._parts[part]).astype(np.int64)
        return found // DOINGS, found % DOINGS

    def forget_changes(self) -> None:
        """Begins anew with what all watched parts do."""
        for number in self._parts.values():
            self._library.shw_forget(self._handle, number)

    def stream_counters(self, stream: str) -> StreamCounters:
        """Statistics of a watched stream so far."""
        counters = StreamCounters()
        index = self._streams[stream]
        self._library.shw_stream_counters(self._handle, index, ctypes.byref(counters))
        return counters

    def front(self, stream: str) -> int:
        """Valid (bit 0) and ready (bit 1) at the source of a watched stream."""
        return int(self._library.shw_front(self._handle, self._streams[stream]))

    def peak(self, queue: str) -> int:
        """Highest level of a watched queue so far."""
        return int(self._library.shw_peak(self._handle, self._queues[queue]))

    def level(self, queue: str) -> int:
        """Beats in a watched queue."""
        return int(self._library.shw_level(self._handle, self._queues[queue]))

    def save(self) -> NDArray[np.uint8]:
        """The whole state but the memory's bytes."""
        data, size = POINTER(c_uint8)(), c_uint64()
        self._check(self._library.shw_save(self._handle, ctypes.byref(data), ctypes.byref(size)))
        return np.ctypeslib.as_array(data, (size.value,)).copy()

    def load(self, state: NDArray[np.uint8]) -> None:
        """Goes on from what ``save`` gave in the same library with the same configuration."""
        self._check(self._library.shw_load(self._handle, state.ctypes.data, state.size))

    def record(
        self, streams: Sequence[str], *, cycle: int, after: tuple[str, int] | None, cycles: int
    ) -> None:
        """Keeps what these streams do in a window of so many cycles, and forgets an earlier one.

        It begins in that cycle, or with the transfer after so many of a stream.
        """
        stream, transfer = after or (next(iter(self._streams)), 0)
        window = WaveWindow(cycle, after is not None, self._streams[stream], transfer, cycles)
        numbers = (c_uint32 * len(streams))(*(self._streams[name] for name in streams))
        self._check(
            self._library.shw_waves(self._handle, ctypes.byref(window), numbers, len(streams))
        )
        self._recorded = list(streams)

    def recorded(self) -> tuple[int, int]:
        """The first recorded cycle, and how many are by now."""
        begin = c_uint64()
        cycles = self._library.shw_recorded(self._handle, ctypes.byref(begin))
        return begin.value, int(cycles)

    def changes_since(self, first: int) -> dict[str, StreamChanges]:
        """What the recorded streams did from cycle ``first`` on, from which cycles are counted;
        nothing of it must have been forgotten."""
        found = {}
        for number, name in enumerate(self._recorded):
            hands = self._numbers(self._library.shw_hands, number).astype(np.int64)
            offered = self._numbers(self._library.shw_offered, number).astype(np.int64)
            data = POINTER(c_uint8)()
            size = self._library.shw_beats(self._handle, number, ctypes.byref(data))
            width = self._widths[self._streams[name]]
            beats = np.ctypeslib.as_array(data, (size,)).copy() if size else np.zeros(0, np.uint8)
            numbers = self._numbers(self._library.shw_numbers, number).astype(np.int64)
            changed, new = hands // STATES >= first, offered >= first
            found[name] = StreamChanges(
                cycles=hands[changed] // STATES - first,
                hands=(hands[changed] % STATES).astype(np.uint8),
                offered=offered[new] - first,
                numbers=numbers[new],
                beats=beats.reshape(-1, width)[new],
            )
        return found

    def forget_recorded(self) -> None:
        """Frees what was recorded so far."""
        self._library.shw_forget_waves(self._handle)

    def _numbers(self, read: Callable[..., int], index: int) -> NDArray[np.uint64]:
        """What a function of the library has of something by its number."""
        values = POINTER(c_uint64)()
        count = read(self._handle, index, ctypes.byref(values))
        if not count:
            return np.zeros(0, dtype=np.uint64)
        return np.ctypeslib.as_array(values, (count,)).copy()

    def _check(self, reason: int) -> None:
        if reason == Reason.FAULT:
            raise InternalError(f"Simulated design breaks a rule: {self.fault}")
