# SPDX-License-Identifier: Apache-2.0
"""The stage that gives parts their dies, and streams between dies their register slices."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ...errors import BuildError
from ...stream.axi.signature import ADDRESS_WIDTH
from ...stream.control.scope import Scope
from ...stream.spec import Direction, KernelSpec, Role
from ..ir.infrastructure import RegisterSliceSpec
from ..ir.levels import Netlist
from ..ir.netlist import Channel, End, Instance
from ..ir.placement import Slices
from ..ir.serving import dmas, is_dma, sequencer_of
from ..provisional import provisional
from ..resources.fpga_cells import Cells, logic_cells
from ..resources.ram_mapping import choose_kinds
from .die_ilp import DieBlock, DieWire, Partition, partition
from .kernel_slices import pieces_of, split_parts
from .top_overhead import CONTROL, arbiters, control, guards, queue_of

__all__ = ["partitioned"]

ARBITERS = "arbiters"
HANDSHAKE = 2


def partitioned(
    design: Netlist,
) -> tuple[tuple[Instance, ...], tuple[Channel, ...], Slices]:
    """Parts and streams with a register slice on each stream between dies.

    Chooses  dies by ``dies.partition``; DMAs are at the memory's die and parts that are joined by
             more than streams stay together
    Raises   ``BuildError`` if parts fit on no die, or a pin names no part
    """
    stack = design.board.stack
    names = list(split_parts(design))
    for part, die in design.config.pins:
        if part not in names:
            raise BuildError(f"Pin to die {die} must name a part of the design, not {part!r}")
    if len(stack) == 1:
        everywhere = dict.fromkeys(names, (stack[0].name,))
        return design.instances, design.channels, Slices(everywhere)
    blocks = _blocks(design)
    owner = {member: block.name for block in blocks for member in block.members}
    found = partition(
        blocks,
        [_between(wire, owner) for wire in _wires(design)],
        stack,
        fill=design.target.die_fill,
        limit=design.board.die_wires,
    )
    return _sliced(design, {name: found.dies[owner[name]] for name in names}, found)


def _blocks(design: Netlist) -> list[DieBlock]:
    """Parts with the queues in front of them, whose depths do not depend on dies yet."""
    board, pins = design.board, dict(design.config.pins)
    queues, _ = provisional(design)
    parts = list(split_parts(design).items())
    parts += [(CONTROL, part) for part in control(design).values()]
    at_ports = arbiters(design, _first_ports(design)) | guards(design, _all_ports(design))
    parts += [(ARBITERS, part) for part in at_ports.values()]
    parts += [
        (channel.sink.instance, queue_of(channel, queues[channel.name]))
        for channel in design.channels
    ]
    cells = {name: Cells() for name, _ in parts} | {ARBITERS: Cells()}
    for name, resources in parts:
        cells[name] += logic_cells(resources, board.family)
    memories = [(name, m, "") for name, resources in parts for m in resources.memories]
    free = {
        kind: getattr(board.budget, kind) - sum(getattr(c, kind) for c in cells.values())
        for kind in ("luts", "block_ram", "ultra_ram")
    }
    for store in choose_kinds(memories, {"": free}, {"": board.budget}, board.family):
        cells[store.owner] += store.cells

    blocks = []
    joined = list(_joined(design))
    at_memory = {ARBITERS, *(dma.name for dma in dmas(design.instances))}
    placed = {member for members in joined for member in members}
    for members in (*joined, *((name,) for name in cells if name not in placed)):
        total = Cells()
        for member in members:
            total += cells[member]
        wanted = {pins[m] for m in members if m in pins}
        if len(wanted) > 1:
            raise BuildError(f"Parts {', '.join(members)} must be pinned to one die")
        if members[0] in at_memory:
            wanted = wanted or {board.memory_die}
        die = wanted.pop() if wanted else None
        blocks.append(DieBlock(name=members[0], cells=total, members=members, die=die))
    return blocks


def _first_ports(design: Netlist) -> dict[str, tuple[str, ...]]:
    """All DMAs at the first ports: ports are given later, and arbiters of others cost as much."""
    ports = tuple(port.name for port in design.board.ports[: design.board.stripes])
    return {dma.name: ports for dma in dmas(design.instances)}


def _all_ports(design: Netlist) -> dict[str, tuple[str, ...]]:
    """DMAs at as many ports as they may have: each has guards of its own."""
    ports, stripes = [port.name for port in design.board.ports], design.board.stripes
    places = [tuple(ports[at : at + stripes]) for at in range(0, len(ports), stripes)]
    return {dma.name: places[n % len(places)] for n, dma in enumerate(dmas(design.instances))}


def _joined(design: Netlist) -> Iterator[tuple[str, ...]]:
    """Parts that stay together: the sequencer with the registers, which wires of no stream join,
    the two ends of a loop, and the arbiters, which are at the memory."""
    yield sequencer_of(design.instances).name, CONTROL
    yield tuple(i.name for i in design.instances if i.has(Role.LOOP_ENTRY) or i.has(Role.LOOP_EXIT))
    yield (ARBITERS,)


def _wires(design: Netlist) -> Iterator[DieWire]:
    for channel in design.channels:
        bits = channel.consumed.beat_bits + HANDSHAKE
        yield DieWire(source=channel.source.instance, sinks=(channel.sink.instance,), bits=bits)
    for instance in design.instances:
        for name, piece in pieces_of(design, instance):
            yield DieWire(source=instance.name, sinks=(name,), bits=piece.bits)
        if pieces := dict(pieces_of(design, instance)):
            alike = max(piece.alike for piece in pieces.values())
            yield DieWire(source=instance.name, sinks=tuple(pieces), bits=alike)
    for instance in design.instances:
        if instance.region is not None or instance.has(Role.PROGRAM, Direction.OUTPUT):
            yield DieWire(source=CONTROL, sinks=(instance.name,), bits=ADDRESS_WIDTH)
        if is_dma(instance):
            bits = ADDRESS_WIDTH + design.board.beat_bits
            yield DieWire(source=instance.name, sinks=(ARBITERS,), bits=bits)


def _between(wire: DieWire, owner: Mapping[str, str]) -> DieWire:
    """Between the blocks of parts."""
    sinks = tuple(owner[sink] for sink in wire.sinks)
    return replace(wire, source=owner[wire.source], sinks=sinks)


def _spread(design: Netlist, instance: Instance, places: Mapping[str, int]) -> Instance:
    """With registers between its pieces, if they are on several dies: two for each boundary
    between the rest of it and the farthest, as streams have them."""
    pieces = {piece.name: places[name] for name, piece in pieces_of(design, instance)}
    home = places[instance.name]
    far = max((abs(place - home) for place in pieces.values()), default=0)
    if not far or not isinstance(instance.part, KernelSpec):
        return instance
    return replace(instance, part=instance.part.spread(pieces, 2 * far))


def _sliced(
    design: Netlist, die: Mapping[str, str], found: Partition
) -> tuple[tuple[Instance, ...], tuple[Channel, ...], Slices]:
    names = [d.name for d in design.board.stack]
    dies: dict[str, tuple[str, ...]] = {name: (where,) for name, where in die.items()}
    slices: list[Instance] = []
    channels: list[Channel] = []
    for channel in design.channels:
        begin = names.index(die[channel.source.instance])
        end = names.index(die[channel.sink.instance])
        if begin == end:
            channels.append(channel)
            continue
        part = RegisterSliceSpec(type=channel.consumed, boundaries=abs(end - begin))
        slice_ = Instance(f"{channel.name}_crossing", part, _scope(design, channel))
        slices.append(slice_)
        step = 1 if end > begin else -1
        dies[slice_.name] = tuple(names[n] for n in range(begin, end + step, step))
        channels += [
            replace(channel, sink=End(slice_.name, "i"), scope=slice_.scope),
            replace(channel, source=End(slice_.name, "o"), produced=channel.consumed),
        ]
    sliced = Slices(dies, found.crossing_bits, found.gap)
    places = {name: names.index(where) for name, where in die.items()}
    instances = [_spread(design, instance, places) for instance in design.instances]
    return (*instances, *slices), tuple(channels), sliced


def _scope(design: Netlist, channel: Channel) -> Scope:
    """A slice works as often as that end of its stream which is not a loop's and not shared."""
    source, sink = (design.instance(end.instance) for end in (channel.source, channel.sink))
    if source.scope is Scope.SHARED or source.has(Role.LOOP_EXIT):
        return sink.scope
    return source.scope
