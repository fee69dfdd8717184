# SPDX-License-Identifier: Apache-2.0
"""The simulated accelerator as a device: compiled Verilog, memory model, observation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError, UserError
from ..runtime.device import Progress, Traffic
from ..runtime.manifest import Manifest
from ..stream.axi import register_map as registers
from .hang import HangError, StuckStream
from .library import FaultConfig, Harness, InjectedFault, Reason, StreamCounters, Watch
from .memory_model import MemoryModel
from .verilator import BuiltSimulator
from .wave_recorder import WavePlan, WaveRecorder

__all__ = ["SimDevice", "WatchedPort"]

IDEAL = MemoryModel()
PAGE = 4096
SLICE = 100_000
"""Cycles after which Python looks whether the user has interrupted."""
WAVE_SLICE = 20_000
"""The same while a wave file is written, of which so many are held at most."""


@dataclass(frozen=True, kw_only=True)
class WatchedPort:
    """A stream at a port of a watched part.

    output: whether the part gives it; memory: whether memory is at its other end
    """

    stream: str
    output: bool
    memory: bool


class SimDevice:
    """The accelerator simulated cycle by cycle; a ``Device``, and a context manager.

    build: what ``streamhw.sim.verilator.build`` returned for the manifest
    image: bytes of the memory image, at most the memory's size
    model: behaviour of the memory behind every port, or behind each by its name
    base: byte address of the image, as the design sees it
    stuck_cycles: after as many without any transfer the design counts as hanging
    max_cycles: most cycles of one ``wait``
    """

    def __init__(
        self,
        manifest: Manifest,
        build: BuiltSimulator,
        image: bytes | NDArray[np.uint8] = b"",
        *,
        model: MemoryModel | Mapping[str, MemoryModel] = IDEAL,
        base: int = 0,
        answer_errors: bool = False,
        stuck_cycles: int = 100_000,
        max_cycles: int = 1_000_000_000,
        poll_cycles: int = 64,
    ):
        content = np.frombuffer(image, dtype=np.uint8)
        if content.size > manifest.memory.bytes:
            raise UserError(
                f"Memory image must have at most {manifest.memory.bytes} bytes, not {content.size}"
            )
        self._pages = np.zeros((-(-manifest.memory.bytes // PAGE), PAGE), dtype=np.uint8)
        self.memory: NDArray[np.uint8] = self._pages.reshape(-1)[: manifest.memory.bytes]
        self.memory[: content.size] = content
        self._image = content
        self._pause: tuple[int, Callable[[], None]] | None = None
        self._manifest, self._base, self._observed = manifest, base, build.observed
        self._stuck_cycles, self._max_cycles = stuck_cycles, max_cycles
        self._harness = Harness(
            build.library, manifest, self.memory, base=base, answer_errors=answer_errors
        )
        for index, port in enumerate(manifest.ports):
            memory = model[port.name] if isinstance(model, Mapping) else model
            behaviour = memory.memory_config(index, len(manifest.ports), port.data_width // 8)
            self._harness.configure(port.name, memory.port_config(index), behaviour)
        self._watch = Watch(
            status_address=registers.STATUS,
            done_mask=registers.STATUS_DONE,
            busy_mask=registers.STATUS_BUSY,
            count_address=registers.COUNT,
            poll_cycles=poll_cycles,
        )
        self._started = 0
        self._watched: list[str] = []
        self._recorder: WaveRecorder | None = None
        self._harness.reset()

    def __enter__(self) -> "SimDevice":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the simulation, and completes the wave file."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
        self._harness.close()

    def reset(self, *, memory: bool = True) -> None:
        """Resets the design, and memory if it is not to run on; memory keeps its bytes."""
        self._harness.reset(memory=memory)

    def inject(
        self, port: str, kind: InjectedFault, *, write: bool = False, burst: int = 0, beat: int = 0
    ) -> None:
        """Gives the memory behind a port a fault, until memory is reset.

        burst: that the port takes in this direction, counted from now on; beat: of the burst
        """
        fault = FaultConfig(kind=kind, write=write, burst=burst, beat=beat)
        self._harness.inject(port, fault)

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    @property
    def base(self) -> int:
        return self._base

    @property
    def cycle(self) -> int:
        """Cycles simulated so far, also those of register accesses."""
        return self._harness.cycle

    def write32(self, address: int, value: int) -> None:
        self._harness.write32(address, value)
        if address == registers.CONTROL and value & registers.CONTROL_START:
            self._started = self._harness.cycle

    def read32(self, address: int) -> int:
        return self._harness.read32(address)

    def write_memory(self, offset: int, data: bytes) -> None:
        self._check_range(offset, len(data))
        self.memory[offset : offset + len(data)] = np.frombuffer(data, dtype=np.uint8)

    def read_memory(self, offset: int, size: int) -> bytes:
        self._check_range(offset, size)
        return self.memory[offset : offset + size].tobytes()

    def step(self, cycles: int) -> None:
        """Runs so many cycles, whatever happens."""
        self._harness.step(cycles)

    def wait(self, count: int) -> Progress:
        begin = self.cycle
        reason = Reason.CYCLES
        while reason is Reason.CYCLES and (left := begin + self._max_cycles - self.cycle) > 0:
            every, action = self._pause or (SLICE, None)
            most = SLICE if self._recorder is None else WAVE_SLICE
            part = min(left, most, every - self.cycle % every)
            reason = self._harness.run(
                count, self._watch, max_cycles=part, stuck_cycles=self._stuck_cycles
            )
            if self._recorder is not None:
                self._recorder.write()
            if reason is Reason.CYCLES and action is not None and self.cycle % every == 0:
                action()
        if reason is Reason.CYCLES:
            raise InternalError(f"Design has no token after {self._max_cycles} cycles")
        if reason is Reason.STUCK:
            raise HangError(
                f"Design hangs: nothing moved for {self._stuck_cycles} cycles with "
                f"{self._harness.count} tokens in the window; {self.stuck()}",
                self._stuck_streams(),
            )
        return Progress(
            count=self._harness.count,
            done=reason is Reason.DONE,
            stopped=reason is Reason.STOPPED,
            cycles=self._harness.cycle - self._started,
        )

    def pause(self, every: int, action: Callable[[], None]) -> None:
        """Calls ``action`` after every so many cycles while it waits; it may ``save``."""
        self._pause = every, action

    def save(self) -> dict[str, NDArray[np.uint8]]:
        """The whole state, with those pages of memory that differ from the image."""
        pages = np.flatnonzero((self._pages != self._initial()).any(axis=1))
        return {
            "state": self._harness.save(),
            "started": np.frombuffer(self._started.to_bytes(8, "little"), dtype=np.uint8),
            "places": pages.astype("<u8").view(np.uint8),
            "pages": self._pages[pages],
        }

    def load(self, saved: Mapping[str, NDArray[np.uint8]]) -> None:
        """Goes on from what ``save`` gave of a device of the same build, image and model."""
        self._pages[:] = self._initial()
        self._pages[saved["places"].view("<u8").astype(np.int64)] = saved["pages"]
        self._started = int.from_bytes(saved["started"].tobytes(), "little")
        self._harness.load(saved["state"])

    def _initial(self) -> NDArray[np.uint8]:
        pages = np.zeros_like(self._pages)
        pages.reshape(-1)[: self._image.size] = self._image
        return pages

    def traffic(self) -> dict[str, Traffic]:
        found = {}
        for port in self.manifest.ports:
            passed = self._harness.port_counters(port.name)
            memory = self._harness.memory_counters(port.name)
            found[port.name] = Traffic(
                read_bytes=passed.read_bytes,
                write_bytes=passed.write_bytes,
                busy_cycles=passed.busy_cycles,
                row_hits=memory.row_hits,
                row_misses=memory.row_misses,
                refresh_cycles=memory.refresh_cycles,
            )
        return found

    def take(self, stream: str) -> NDArray[np.uint8]:
        """Captured beats of a stream since the last call: (beats, bytes), little endian."""
        self._need_observed()
        return self._harness.take(stream)

    def capture(self, streams: set[str]) -> None:
        """Keeps the beats of these streams only; at first all are kept."""
        self._need_observed()
        for stream in self.manifest.streams:
            self._harness.capture(stream.name, stream.name in streams)

    def time(self) -> None:
        """Keeps the cycles of all transfers from now on, and forgets earlier ones."""
        self._need_observed()
        for stream in self.manifest.streams:
            self._harness.time(stream.name)
        self._harness.forget_changes()

    def timed(self) -> dict[str, NDArray[np.uint64]]:
        """Cycles of every stream's transfers since ``time``, by name."""
        self._need_observed()
        return {s.name: self._harness.timed(s.name) for s in self.manifest.streams}

    def given(self) -> dict[str, NDArray[np.uint64]]:
        """The same at the sources, in front of the queues."""
        self._need_observed()
        return {s.name: self._harness.given(s.name) for s in self.manifest.streams}

    def watch(self, parts: Mapping[str, Sequence[WatchedPort]]) -> None:
        """Keeps what these parts do in every cycle since ``time``."""
        self._need_observed()
        for name, ports in parts.items():
            self._harness.watch(name, [(p.stream, p.output, p.memory) for p in ports])
        self._watched += parts

    def changes(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Of every watched part, cycles in which what it does has changed, and to which
        ``Doing``."""
        return {name: self._harness.changes(name) for name in self._watched}

    def record(self, wanted: WavePlan) -> None:
        """Writes a wave file from now on, while the device waits and when it is closed."""
        self._need_observed()
        self._recorder = WaveRecorder(self._harness, wanted)

    def check_recorded(self) -> None:
        """Raises ``UserError`` if a wave file is wanted whose first cycle has not come."""
        if self._recorder is not None:
            self._recorder.check()

    def statistics(self) -> dict[str, StreamCounters]:
        """Counters of every watched stream, by name."""
        self._need_observed()
        return {s.name: self._harness.stream_counters(s.name) for s in self.manifest.streams}

    def peaks(self) -> dict[str, int]:
        """Highest level of every watched queue, by name."""
        self._need_observed()
        return {q.name: self._harness.peak(q.name) for q in self.manifest.queues}

    def stuck(self) -> str:
        """Which streams wait for whom right now, in words."""
        if not self._observed:
            return "an observed simulation names the streams"
        states = {name: int(c.state) for name, c in self.statistics().items()}
        blocked = [name for name, state in states.items() if state == 1]
        starved = [name for name, state in states.items() if state == 2]
        return f"blocked: {', '.join(blocked) or 'none'}; starved: {', '.join(starved) or 'none'}"

    def _stuck_streams(self) -> dict[str, StuckStream]:
        """Both ends of every watched stream right now."""
        if not self._observed:
            return {}
        levels = {q.name: self._harness.level(q.name) for q in self.manifest.queues}
        found = {}
        for name, counters in self.statistics().items():
            front, back = self._harness.front(name), int(counters.state)
            found[name] = StuckStream(
                offered=bool(front & 1),
                room=bool(front & 2),
                valid=bool(back & 1),
                ready=bool(back & 2),
                level=levels.get(name, 0),
                passed=int(counters.transfers),
            )
        return found

    def _check_range(self, offset: int, size: int) -> None:
        if offset < 0 or offset + size > self.memory.size:
            raise ValueError(
                f"Memory range must be within {self.memory.size:#x} bytes, "
                f"not {offset:#x}..{offset + size:#x}"
            )

    def _need_observed(self) -> None:
        if not self._observed:
            raise ValueError("Streams and queues are visible only in an observed build")
