# SPDX-License-Identifier: Apache-2.0
"""What must hold after each stage; a broken rule is a fault of the compiler, said by name."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from ..errors import InternalError
from ..stream.control.scope import Scope
from .fifo import verify
from .fifo.deadlock import verify_waits
from .fusion.paths import Paths
from .ir.infrastructure import LoopEntrySpec, LoopExitSpec
from .ir.levels import (
    Assigned,
    Dataflow,
    Grouped,
    Mapped,
    Netlist,
    PartitionedNetlist,
    PlacedNetlist,
    Quantized,
    SizedNetlist,
)
from .ir.netlist import PARAMETERS
from .ir.serving import is_dma
from .lowering.insert_control import open_ports
from .resources.fpga_cells import RamKind
from .sizing.wait_graph import waits_of
from .verify_types import (
    converters_convert,
    ends_have_their_types,
    forks_copy,
    parameters_are_counted,
    tensors_are_covered,
    types_agree,
)

__all__ = ["RULES", "check"]

Rule = Callable[[Any], None]
"""Takes the level of the stage after which it begins to hold; raises ``InternalError`` if it is
broken."""


def check(passed: tuple[str, ...], design: Quantized) -> None:
    """Raises ``InternalError`` for the first rule that does not hold after the stages passed."""
    for stage in passed:
        for rule in RULES.get(stage, ()):
            rule(design)


def _formats(design: Quantized) -> None:
    formats = design.quantization.formats
    for node, _ in design.graph.walk():
        if node.name not in formats:
            raise InternalError(f"Node {node.name} must have a format after quantization")


def _assigned_once(design: Assigned) -> None:
    engines = Counter(name for b in design.assignments for name in b.nodes)
    for node, _ in design.graph.walk():
        if node.op.product is not None and engines[node.name] != 1:
            raise InternalError(f"Node {node.name} must be on one engine, not {engines[node.name]}")


def _names(design: Dataflow) -> None:
    for kind, names in (
        ("Instance", [i.name for i in design.instances]),
        ("Stream", [c.name for c in design.channels]),
    ):
        for name, count in Counter(names).items():
            if count != 1:
                raise InternalError(f"{kind} {name} must be unique, not there {count} times")


def _one_reader(design: Dataflow) -> None:
    for what, ends in (
        ("read", [c.source for c in design.channels]),
        ("written", [c.sink for c in design.channels]),
    ):
        for end, count in Counter(ends).items():
            if count != 1:
                raise InternalError(f"Port {end} must be {what} by one stream, not {count}")


def _closed(design: Netlist) -> None:
    names = {i.name for i in design.instances}
    for channel in design.channels:
        for end in (channel.source, channel.sink):
            if end.instance not in names:
                raise InternalError(f"Stream {channel} must end at parts, not {end}")
    for instance, port in open_ports(design.instances, design.channels):
        raise InternalError(f"Port {instance.name}.{port.name} must have a stream, but has none")


def _scopes(design: Dataflow) -> None:
    """Streams join parts that work equally often; only shared parts and the loop's ends do not."""
    instances = {i.name: i for i in design.instances}
    for channel in design.channels:
        ends = [
            instances[end.instance]
            for end in (channel.source, channel.sink)
            if end.instance in instances
        ]
        scopes = {i.scope for i in ends} - {Scope.SHARED}
        is_loop = any(isinstance(i.part, LoopEntrySpec | LoopExitSpec) for i in ends)
        if len(scopes) > 1 and not is_loop:
            names = " and ".join(i.scope.value for i in ends)
            raise InternalError(
                f"Stream {channel} must join parts that work equally often, not {names}"
            )
        if scopes and channel.scope not in scopes:
            raise InternalError(
                f"Stream {channel} must work as often as its parts, {ends[0].scope.value}, "
                f"not {channel.scope.value}"
            )


def _group(design: Mapped) -> None:
    """A step has tokens, and no more than the model has positions."""
    group, context = design.tiling.token_batch, design.graph.context
    if not 1 <= group <= context:
        raise InternalError(f"Tokens of a step must be 1 to {context}, not {group}")


def _groups(design: Grouped) -> None:
    """A task is in one group, and what leaves a group goes through memory."""
    home: dict[str, int] = {}
    for index, group in enumerate(design.fused.groups):
        for task in group.tasks:
            if task in home:
                raise InternalError(
                    f"Task {task} must be in one group, not {home[task]} and {index}"
                )
            home[task] = index
    for path in Paths(design).all:
        begin, end = home.get(path.source.name), home.get(path.sink.name)
        if None not in (begin, end) and begin != end and not path.through_memory:
            raise InternalError(
                f"Stream {path.name} must stay in group {begin} or go through memory, not to "
                f"group {end}"
            )


def _from_memory(design: Netlist) -> None:
    """Parameters come from memory, and every part with a region has one."""
    regions = {region.name for region in design.memory.regions}
    for channel in design.channels:
        if channel.source.instance == PARAMETERS:
            raise InternalError(f"Stream {channel} must begin at a part, not {channel.source}")
    for instance in design.instances:
        if instance.region is not None and instance.region not in regions:
            raise InternalError(
                f"Instance {instance.name} must use a region of the map, not {instance.region}"
            )


def _memory(design: Netlist) -> None:
    regions = sorted(design.memory.regions, key=lambda r: r.offset)
    for before, after in pairwise(regions):
        if before.end > after.offset:
            raise InternalError(f"Region {after.name} must not overlap {before.name}")
    if regions and regions[-1].end > design.board.memory_bytes:
        raise InternalError(
            f"Region {regions[-1].name} must end by {design.board.memory_bytes}, "
            f"not {regions[-1].end}"
        )


def _dies(design: PartitionedNetlist) -> None:
    """Only register slices pass from die to die."""
    dies = design.slices.dies
    for channel in design.channels:
        source, sink = dies[channel.source.instance][-1], dies[channel.sink.instance][0]
        if source != sink:
            raise InternalError(
                f"Stream {channel} must stay on die {source} or have a slice, not end on {sink}"
            )


def _depths(design: SizedNetlist) -> None:
    if set(design.queues) != {channel.name for channel in design.channels}:
        raise InternalError("Every stream must have a queue, and no queue be of no stream")
    for name, depth in design.depths.depth.items():
        if design.queues[name] < depth:
            raise InternalError(f"Stream {name} must have {depth} beats, not {design.queues[name]}")
    depths = design.depths
    for certificate in depths.certificates:
        verify(certificate)
    # A depth that was decided by hand is the user's: it may be no more than an experiment.
    program = {n: d for c in depths.certificates for n, d in c.depth.items()}
    byhand = {n for n, depth in depths.depth.items() if depth < program.get(n, 0)}
    if not byhand:
        verify_waits(waits_of(design, design.queues), depths.verdicts, program)


def _ports(design: PlacedNetlist) -> None:
    known = [port.name for port in design.board.ports]
    for name, ports in design.placement.ports.items():
        for port in ports:
            if port not in known:
                raise InternalError(f"DMA {name} must use a port of the board, not {port}")
        if len(ports) != design.board.stripes:
            raise InternalError(
                f"DMA {name} must use {design.board.stripes} ports, not {len(ports)}"
            )
        if list(ports) != sorted(set(ports), key=known.index):
            raise InternalError(
                f"DMA {name} must use its ports in the order of the board, not {', '.join(ports)}"
            )
    for instance in design.instances:
        if is_dma(instance) and instance.name not in design.placement.ports:
            raise InternalError(f"DMA {instance.name} must have a port, but has none")


def _kinds(design: PlacedNetlist) -> None:
    """Memories that are read without a register are in LUTs."""
    for store in design.placement.stores:
        if store.memory.asynchronous and store.kind is not RamKind.DISTRIBUTED:
            raise InternalError(
                f"Memory of {store.owner} must be LUTRAM to be read without a register, not "
                f"{store.kind.value}"
            )


RULES: Mapping[str, tuple[Rule, ...]] = {
    "quantize": (_formats,),
    "assign": (_assigned_once,),
    "tile": (_group,),
    "lower": (_names, ends_have_their_types, _scopes, tensors_are_covered),
    "convert": (types_agree, _one_reader, converters_convert, forks_copy),
    "fuse": (_groups,),
    "memory": (_memory, _from_memory, parameters_are_counted),
    "control": (_closed,),
    "partition": (_dies,),
    "size": (_depths,),
    "place": (_ports, _kinds),
}
"""Rules by the stage after which they begin to hold."""
