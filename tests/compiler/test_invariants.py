# SPDX-License-Identifier: Apache-2.0
"""Every rule between stages is broken once by hand, and says so."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from streamhw.compiler.design import Channel, Design, End
from streamhw.compiler.invariants import ORDER, RULES, check
from streamhw.compiler.pipeline import STAGES
from streamhw.errors import InternalError
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor import row_major


def channel(design: Design, name: str) -> Channel:
    (found,) = (c for c in design.channels if c.name == name)
    return found


def changed(design: Design, name: str, **values: object) -> Design:
    """The design with other fields of one stream."""
    new = replace(channel(design, name), **values)
    return replace(design, channels=tuple(new if c.name == name else c for c in design.channels))


def without(design: Design, name: str) -> Design:
    return replace(design, channels=tuple(c for c in design.channels if c.name != name))


def without_a_format(design: Design) -> Design:
    quantised = design.known.quantised
    formats = {name: f for name, f in quantised.formats.items() if name != "hidden"}
    return replace(design, quantised=replace(quantised, formats=MappingProxyType(formats)))


def overlapping(design: Design) -> Design:
    memory = design.known.memory
    moved = tuple(replace(r, offset=64) if r.name == "body" else r for r in memory.regions)
    return replace(design, memory=replace(memory, regions=moved))


def at_port(design: Design, port: str) -> Design:
    placement = design.known.placement
    ports = {**placement.ports, "attention_key_read_dma": port}
    return replace(design, placement=replace(placement, ports=ports))


OTHER = row_major(Fixed(8), (5, 4))

BROKEN: dict[str, tuple[str, Callable[[Design], Design], str]] = {
    "format": (
        "quantise",
        without_a_format,
        r"^Node hidden must have a format after quantisation$",
    ),
    "unbound": (
        "bind",
        lambda d: replace(d, bindings=()),
        r"^Node qkv must be bound to one engine, not 0$",
    ),
    "bound twice": (
        "bind",
        lambda d: replace(d, bindings=d.bindings * 2),
        r"^Node qkv must be bound to one engine, not 2$",
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
    "claims": (
        "lower",
        lambda d: changed(d, "embedding_i_a", consumed=OTHER, produced=OTHER),
        r"^Stream token_embedding.o -> embedding.i_a must have the type of token_embedding.o, "
        r"1x4:s16.14 \(tokens<=8 d0\+=1\) \(8 d1\+=4\), not 1x1:s8 \(5 d0\+=1\) \(4 d1\+=1\)$",
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
    "too shallow": (
        "size",
        lambda d: changed(d, "residual_1_i_a", depth=3),
        r"^Stream residual_1_i_a must have 64 beats, not 3$",
    ),
    "no such memory port": (
        "place",
        lambda d: at_port(d, "mem7"),
        r"^DMA attention_key_read_dma must use a port of the board, not mem7$",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rule(name: str, design: Design) -> None:
    stage, breaks, message = BROKEN[name]
    with pytest.raises(InternalError, match=message):
        check(stage, breaks(design))


def test_two_types_on_one_stream(design: Design) -> None:
    """Only a part that claims nothing can get there: each end has the type of its port."""
    (rule, _) = RULES["convert"]
    with pytest.raises(InternalError, match=r"must have one type, not .* at its source and .*"):
        rule(changed(design, "norm_1_i", consumed=OTHER))


def test_whole_design_keeps_all_rules(design: Design) -> None:
    for stage in STAGES:
        check(stage.name, design)


def test_rules_know_the_stages() -> None:
    assert tuple(stage.name for stage in STAGES) == ORDER
    assert set(RULES) <= set(ORDER)


def test_rules_begin_after_their_stage(design: Design) -> None:
    """What a later stage makes true is not asked for earlier."""
    check("convert", overlapping(design))
    check("control", changed(design, "residual_1_i_a", depth=0))
