# SPDX-License-Identifier: Apache-2.0
"""Every rule between stages is broken once by hand, and says so."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from streamhw.compiler.ir.fused import Group
from streamhw.compiler.ir.infrastructure import ForkSpec
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.ir.netlist import Channel, End, Instance
from streamhw.compiler.pipeline import STAGES, stages_before
from streamhw.compiler.resources.fpga_cells import RamKind
from streamhw.compiler.verify import RULES, check
from streamhw.compiler.verify_types import tensors_are_covered, types_agree
from streamhw.errors import InternalError
from streamhw.frozen_map import FrozenMap
from streamhw.numerics.fixed import Fixed
from streamhw.stream.control.scope import Scope
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, row_major
from streamhw.stream.spec import Port

ORDER = tuple(stage.name for stage in STAGES)


def through(stage: str) -> tuple[str, ...]:
    """The stages up to one."""
    return (*stages_before(stage), stage)


def channel(design: PlacedNetlist, name: str) -> Channel:
    (found,) = (c for c in design.channels if c.name == name)
    return found


def changed(design: PlacedNetlist, name: str, **values: object) -> PlacedNetlist:
    """The design with other fields of one stream."""
    new = replace(channel(design, name), **values)
    return replace(design, channels=tuple(new if c.name == name else c for c in design.channels))


def without(design: PlacedNetlist, name: str) -> PlacedNetlist:
    return replace(design, channels=tuple(c for c in design.channels if c.name != name))


def with_queue(design: PlacedNetlist, name: str, beats: int) -> PlacedNetlist:
    return replace(design, queues={**design.queues, name: beats})


def without_a_format(design: PlacedNetlist) -> PlacedNetlist:
    plan = design.quantization
    formats = {name: f for name, f in plan.formats.items() if name != "hidden"}
    return replace(design, quantization=replace(plan, formats=FrozenMap(formats)))


def overlapping(design: PlacedNetlist) -> PlacedNetlist:
    memory = design.memory
    moved = tuple(replace(r, offset=64) if r.name == "body" else r for r in memory.regions)
    return replace(design, memory=replace(memory, regions=moved))


def at_port(design: PlacedNetlist, port: str) -> PlacedNetlist:
    placement = design.placement
    ports = {**placement.ports, "attention_key_read_dma": (port,)}
    return replace(design, placement=replace(placement, ports=ports))


def stripes_swapped(design: PlacedNetlist) -> PlacedNetlist:
    """The design on a board of two ports, with one DMA that has them the wrong way around."""
    (port,) = design.board.ports
    ports = tuple(replace(port, name=f"mem{n}", address=n << 20) for n in range(2))
    board = replace(design.board, ports=ports, striped=True)
    each = dict.fromkeys(design.placement.ports, ("mem0", "mem1"))
    each["attention_key_read_dma"] = ("mem1", "mem0")
    return replace(design, board=board, placement=replace(design.placement, ports=each))


def columns_first(design: PlacedNetlist, name: str) -> ITensor:
    type = channel(design, name).consumed
    return replace(type, loops=type.loops[::-1])


def with_part(design: PlacedNetlist, instance: Instance) -> PlacedNetlist:
    """The design with another instance of this name."""
    others = (instance if i.name == instance.name else i for i in design.instances)
    return replace(design, instances=tuple(others))


def with_a_needless_converter(design: PlacedNetlist) -> PlacedNetlist:
    type = channel(design, "embedding_i_a").consumed
    needless = Instance("needless", ConverterSpec(source=type, target=type), Scope.ENTRY)
    return replace(design, instances=(*design.instances, needless))


@dataclass(frozen=True, kw_only=True)
class TurnedFork(ForkSpec):
    """A fork whose second output is not a copy."""

    wrong: Port

    @property
    def ports(self) -> tuple[Port, ...]:
        return (*super().ports[:2], self.wrong)


def with_fork(design: PlacedNetlist, outputs: int, *, turned: bool = False) -> PlacedNetlist:
    """The design with another fork behind the loop's entry, whose second output may differ; its
    streams are gone."""
    name = "blocks_entry_o_fork"
    type = channel(design, f"{name}_i").produced
    made = ForkSpec(type=type, outputs=outputs)
    if turned:
        wrong = Port("o_1", replace(type, loops=type.loops[::-1]))
        made = TurnedFork(type=type, outputs=outputs, wrong=wrong)
    kept = tuple(c for c in design.channels if name not in (c.source.instance, c.sink.instance))
    changed = with_part(design, replace(design.instance(name), part=made))
    return replace(changed, channels=kept)


def with_half_the_scales(design: PlacedNetlist) -> PlacedNetlist:
    memory = design.memory
    body = tuple(
        replace(s, parts=tuple((n, count // 2) for n, count in s.parts))
        if s.node == "activation"
        else s
        for s in memory.body
    )
    return replace(design, memory=replace(memory, body=body))


def on_die(design: PlacedNetlist, part: str, die: str) -> PlacedNetlist:
    slices = design.slices
    return replace(design, slices=replace(slices, dies={**slices.dies, part: (die,)}))


def in_ultra(design: PlacedNetlist) -> PlacedNetlist:
    placement = design.placement
    stores = tuple(
        replace(s, kind=RamKind.ULTRA) if s.owner == "steps_i_queue" else s
        for s in placement.stores
    )
    return replace(design, placement=replace(placement, stores=stores))


def grouped(design: PlacedNetlist, *groups: tuple[str, ...]) -> PlacedNetlist:
    """The design with other groups of tasks."""
    found = tuple(Group(tasks) for tasks in groups)
    return replace(design, fused=replace(design.fused, groups=found))


OTHER = row_major(Fixed(8), (5, 4))

BROKEN: dict[str, tuple[str, Callable[[PlacedNetlist], PlacedNetlist], str]] = {
    "format": (
        "quantize",
        without_a_format,
        r"^Node hidden must have a format after quantization$",
    ),
    "on no engine": (
        "assign",
        lambda d: replace(d, assignments=()),
        r"^Node qkv must be on one engine, not 0$",
    ),
    "on two engines": (
        "assign",
        lambda d: replace(d, assignments=d.assignments * 2),
        r"^Node qkv must be on one engine, not 2$",
    ),
    "instance twice": (
        "lower",
        lambda d: replace(d, instances=(*d.instances, d.instance("norm_1"))),
        r"^Instance norm_1 must be unique, not there 2 times$",
    ),
    "stream twice": (
        "lower",
        lambda d: replace(d, channels=(*d.channels, channel(d, "embedding_i_a"))),
        r"^Stream embedding_i_a must be unique, not there 2 times$",
    ),
    "no such part": (
        "lower",
        lambda d: changed(d, "embedding_i_a", source=End("nobody", "o")),
        r"^Stream nobody.o -> embedding.i_a must end at parts, not nobody.o$",
    ),
    "no such port": (
        "lower",
        lambda d: changed(d, "embedding_i_a", source=End("token_embedding", "o_2")),
        r"^Stream token_embedding.o_2 -> embedding.i_a must end at ports, not token_embedding.o_2$",
    ),
    "backwards": (
        "lower",
        lambda d: changed(d, "embedding_i_a", source=End("norm_1", "i")),
        r"^Stream norm_1.i -> embedding.i_a must run from output to input, not norm_1.i$",
    ),
    "unequal parts": (
        "lower",
        lambda d: with_part(d, replace(d.instance("norm_1"), scope=Scope.TAIL)),
        r"^Stream blocks_entry_o_fork.o_0 -> norm_1.i must join parts that work equally often, "
        r"not body and tail$",
    ),
    "unequal stream": (
        "lower",
        lambda d: changed(d, "norm_1_i", scope=Scope.TAIL),
        r"^Stream blocks_entry_o_fork.o_0 -> norm_1.i must work as often as its parts, body, "
        r"not tail$",
    ),
    "claims": (
        "lower",
        lambda d: changed(d, "embedding_i_a", consumed=OTHER, produced=OTHER),
        r"^Stream token_embedding.o -> embedding.i_a must have the type of token_embedding.o, "
        r"1x4:s16.14 \(tokens<=8 d0\+=1\) \(8 d1\+=4\), not 1x1:s8 \(5 d0\+=1\) \(4 d1\+=1\): "
        r"elements are s16.14 and s8; a beat is 1x4 and 1x1 elements; the orders part at beat 1 ",
    ),
    "other order": (
        "lower",
        lambda d: changed(d, "embedding_i_a", consumed=columns_first(d, "embedding_i_a")),
        r"^Stream token_embedding.o -> embedding.i_a must have the type of embedding.i_a, "
        r"1x4:s16.14 \(tokens<=8 d0\+=1\) \(8 d1\+=4\), not "
        r"1x4:s16.14 \(8 d1\+=4\) \(tokens<=8 d0\+=1\): the orders part at beat 1 "
        r"\(with tokens=8\), \[0, 4\] and \[1, 0\]; loop 0 is the first that differs, "
        r"\(tokens<=8 d0\+=1\) and \(8 d1\+=4\)$",
    ),
    "no group": (
        "tile",
        lambda d: replace(d, tiling=replace(d.tiling, token_batch=d.graph.context + 1)),
        r"^Tokens of a step must be 1 to 32, not 33$",
    ),
    "needless converter": (
        "convert",
        with_a_needless_converter,
        r"^Converter needless must change its stream, not send .* again$",
    ),
    "fork of one": (
        "convert",
        lambda d: with_fork(d, 1),
        r"^Fork blocks_entry_o_fork must have 2 outputs, not 1$",
    ),
    "fork that changes": (
        "convert",
        lambda d: with_fork(d, 2, turned=True),
        r"^Fork blocks_entry_o_fork must copy .*, not send .* to o_1: the orders part at beat 1 ",
    ),
    "fused twice": (
        "fuse",
        lambda d: grouped(d, ("norm_1", "qkv"), ("norm_1",)),
        r"^Task norm_1 must be in one group, not 0 and 1$",
    ),
    "group that reads a later one": (
        "fuse",
        lambda d: grouped(d, ("residual_1",), ("norm_2",)),
        r"^Stream norm_2_i must stay in group 0 or go through memory, not to group 1$",
    ),
    "too few parameters": (
        "memory",
        with_half_the_scales,
        r"^Stream activation_i_scale_width.o -> activation_i_scale_convert.i must find 16 beats of "
        r"1x4:u16 \(1 d0\+=1\) \(16 d1\+=4\) in 2 memory beats, not in 1$",
    ),
    "not from memory": (
        "memory",
        lambda d: changed(d, "norm_final_i_affine", source=End("parameters", "scales")),
        r"^Stream parameters.scales -> norm_final.i_affine must begin at a part, not "
        r"parameters.scales$",
    ),
    "no such region": (
        "memory",
        lambda d: with_part(d, replace(d.instance("attention_key_read"), region="nowhere")),
        r"^Instance attention_key_read must use a region of the map, not nowhere$",
    ),
    "memory too small": (
        "memory",
        lambda d: replace(d, board=replace(d.board, memory_bytes=4096)),
        r"^Region attention_value must end by 4096, not \d+$",
    ),
    "no sequencer": (
        "control",
        lambda d: replace(d, instances=tuple(i for i in d.instances if i.name != "sequencer")),
        r"must end at parts, not sequencer.o_step$",
    ),
    "two readers": (
        "convert",
        lambda d: changed(d, "residual_1_i_a", source=channel(d, "norm_1_i").source),
        r"^Port blocks_entry_o_fork.o_0 must be read by one stream, not 2$",
    ),
    "overlap": (
        "memory",
        overlapping,
        r"^Region body must not overlap token_embedding$",
    ),
    "open": (
        "control",
        lambda d: without(d, "norm_2_i"),
        r"^Port norm_2.i must have a stream, but has none$",
    ),
    "another die": (
        "partition",
        lambda d: on_die(d, "norm_1", "attic"),
        r"^Stream blocks_entry_o_fork.o_0 -> norm_1.i must stay on die die or have a slice, not "
        r"end on attic$",
    ),
    "too shallow": (
        "size",
        lambda d: with_queue(d, "residual_1_i_a", 3),
        r"^Stream residual_1_i_a must have 64 beats, not 3$",
    ),
    "no queue": (
        "size",
        lambda d: replace(d, queues={}),
        r"^Every stream must have a queue, and no queue be of no stream$",
    ),
    "no memory port": (
        "place",
        lambda d: replace(d, placement=replace(d.placement, ports={})),
        r"^DMA token_embedding_dma must have a port, but has none$",
    ),
    "RAM kind": (
        "place",
        in_ultra,
        r"^Memory of steps_i_queue must be LUTRAM to be read without a register, not URAM$",
    ),
    "no such memory port": (
        "place",
        lambda d: at_port(d, "mem7"),
        r"^DMA attention_key_read_dma must use a port of the board, not mem7$",
    ),
    "stripes at each other's ports": (
        "place",
        stripes_swapped,
        r"^DMA attention_key_read_dma must use its ports in the order of the board, not mem1, "
        r"mem0$",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rule(name: str, design: PlacedNetlist) -> None:
    stage, breaks, message = BROKEN[name]
    with pytest.raises(InternalError, match=message):
        check(through(stage), breaks(design))


def test_two_types_on_one_stream(design: PlacedNetlist) -> None:
    """Only a part that claims nothing can get there: each end has the type of its port."""
    other = columns_first(design, "norm_1_i")
    message = r"must have one type, not .* at its source and .* at its sink: the orders part at"
    with pytest.raises(InternalError, match=message):
        types_agree(changed(design, "norm_1_i", consumed=other))


def test_uncovered_tensors(design: PlacedNetlist) -> None:
    type = channel(design, "norm_1_i").consumed
    gaps = replace(type, tile=(1, 2))
    with pytest.raises(InternalError, match=r"must carry one tensor, not 8x32 .* and 8x30 to"):
        tensors_are_covered(changed(design, "norm_1_i", consumed=gaps))
    with pytest.raises(InternalError, match=r"must pass each of 8x30 elements, not those of 1x2"):
        tensors_are_covered(changed(design, "norm_1_i", produced=gaps, consumed=gaps))


def test_whole_design_keeps_all_rules(design: PlacedNetlist) -> None:
    check(ORDER, design)


def test_rules_know_the_stages() -> None:
    assert tuple(RULES) == ORDER


def test_rules_begin_after_their_stage(design: PlacedNetlist) -> None:
    """What a later stage makes true is not asked for earlier."""
    check(through("convert"), overlapping(design))
    check(through("control"), with_queue(design, "residual_1_i_a", 0))
