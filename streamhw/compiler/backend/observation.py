# SPDX-License-Identifier: Apache-2.0
"""What the host may count of a running design: one stream that it chooses, and all memory ports."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, DomainRenamer, Module, Signal, Value

from ...stream.axi.control_slave import ControlSlave
from ...stream.axi.event_counters import EventCounters
from ...stream.handshake_choice import HandshakeChoice, handshake_choice_latency
from ...stream.register_slice import registered
from ..floorplan.top_overhead import CONTROL, COUNTERS, observed_streams, observer_owner
from ..floorplan.top_registers import boundaries_between
from ..ir.levels import PlacedNetlist
from .memory_border import HOST, STEADY, Guarded
from .ram_modules import Owned

__all__ = ["observation"]


def observation(
    m: Module,
    design: PlacedNetlist,
    control: ControlSlave,
    handshakes: Mapping[str, Value],
    guards: Sequence[Guarded],
) -> None:
    """Adds the counters and all that leads to them; nothing of it holds back a stream.

    handshakes: valid and ready of each stream at its sink, by its name; the host numbers the
        streams in their order
    guards: those of the memory ports
    """
    counters = EventCounters(ports=len(design.board.ports))
    m.submodules[COUNTERS] = DomainRenamer(HOST)(Owned(counters, COUNTERS))
    there = {die.name: _distance(design, die.name) for die in design.board.stack}
    handshake, latency = _observed(m, design, control, handshakes, there)
    m.d.comb += [
        counters.handshake.eq(handshake),
        # late by as much as what they are about
        counters.busy.eq(registered(m, "counting", control.stat_busy, latency, domain=STEADY)),
        counters.start.eq(registered(m, "count_anew", control.cfg_start, latency, domain=STEADY)),
        counters.number.eq(control.counter_number),
        control.counter_value.eq(counters.value),
        control.stat_counting.eq(counters.busy),
    ]
    for guard in guards:
        channel, events = (
            (guard.memory.r, counters.reads)
            if guard.kind == "read"
            else (guard.memory.w, counters.writes)
        )
        m.d.comb += events[guard.port].eq(
            registered(
                m,
                f"{guard.kind}_beat_{guard.port}",
                channel.valid & channel.ready,
                1 + there[design.board.memory_die],
                domain=STEADY,
            )
        )


def _observed(
    m: Module,
    design: PlacedNetlist,
    control: ControlSlave,
    handshakes: Mapping[str, Value],
    there: Mapping[str, int],
) -> tuple[Value, int]:
    """Valid and ready of the chosen stream, and how many cycles late they are."""
    names = list(handshakes)
    streams = observed_streams(design, design.placement.dies)
    far = max(there[die] for die in streams)
    found: list[Value] = []
    for die, numbers in streams.items():
        choice, name = HandshakeChoice(numbers=numbers), observer_owner(die)
        m.submodules[name] = DomainRenamer(STEADY)(Owned(choice, name))
        for its, number in zip(choice.handshakes, numbers, strict=True):
            m.d.comb += its.eq(handshakes[names[number]])
        chosen = registered(m, f"{name}_number", control.cfg_observed, there[die], domain=STEADY)
        m.d.comb += choice.number.eq(chosen)
        found.append(registered(m, f"{name}_handshake", choice.o, far, domain=STEADY))
    handshake = Signal(2)
    m.d.comb += handshake.eq(Cat(Cat(each[bit] for each in found).any() for bit in range(2)))
    return handshake, handshake_choice_latency() + far


def _distance(design: PlacedNetlist, die: str) -> int:
    """Registers between a die and that of the host's registers."""
    return 2 * boundaries_between(design, CONTROL, die)
