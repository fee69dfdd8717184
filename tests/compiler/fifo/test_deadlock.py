# SPDX-License-Identifier: Apache-2.0
"""Who waits for whom: circles in small graphs, and in a design whose depths are made too small."""

from dataclasses import replace

import pytest

from streamhw.compiler.fifo.deadlock import (
    Verdict,
    WaitGraph,
    WaitLink,
    WaitReason,
    prove,
    verify_waits,
)
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.sizing.wait_graph import holds_all, waits_of
from streamhw.compiler.verify import check
from streamhw.errors import InternalError
from streamhw.frozen_map import FrozenMap
from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec


def link(source: str, sink: str, holds: int = 0, later: int = 0) -> WaitLink:
    return WaitLink(name=source + sink, source=source, sink=sink, holds=holds, later=later)


def circles(waits: WaitGraph) -> dict[str, tuple[str, ...]]:
    return {v.stream: v.way for v in prove(waits) if v.why is WaitReason.SCHEDULE}


def test_a_tree_needs_no_depth() -> None:
    waits = WaitGraph(links=(link("a", "b"), link("b", "c"), link("b", "d")))
    assert [v.why for v in prove(waits)] == [WaitReason.BRIDGE] * 3


def test_paths_that_meet_again() -> None:
    """Either path may be full while the other is empty. A buffer on the long one that is read when
    it is whole never is full, so that all beats of the short one, or none, are enough."""
    links = (link("a", "b"), link("b", "d"), link("a", "d"))
    assert circles(WaitGraph(links=links)) == {
        "ab": ("b", "d", "a"),
        "bd": ("d", "a", "b"),
        "ad": ("d", "b", "a"),
    }
    whole = (link("a", "w"), link("w", "r", holds=1), link("r", "d"))
    assert set(circles(WaitGraph(links=(*whole, link("a", "d"))))) == {"ad"}
    assert circles(WaitGraph(links=(*whole, link("a", "d", holds=1)))) == {}


def test_turns_of_one_resource() -> None:
    """b may not begin before a2 has ended, which waits for what b is to take."""
    links = (link("s", "a"), link("s", "b"))
    assert circles(WaitGraph(links=links)) == {}
    waits = WaitGraph(links=links, after=(("b", "a"),))
    assert circles(waits) == {"sb": ("b", "a", "s")}


def test_results_that_go_round() -> None:
    """A loop with one buffer runs into its own tail: the writer waits for the reader of the same
    block, whose results wait for the writer. With two buffers, the first is read by then."""
    again = (("w", "r"), ("w2", "r2"))
    one = (link("in", "w"), link("w", "r", holds=1), link("r", "out"), link("out", "in", later=1))
    assert circles(WaitGraph(links=one, again=again[:1]))["inw"] == ("w", "r", "out", "in")
    two = (*one[:2], link("r", "w2"), link("w2", "r2", holds=1), link("r2", "out"), one[3])
    assert circles(WaitGraph(links=two, again=again)) == {}


def test_what_an_invocation_leaves_behind() -> None:
    """A queue of one invocation may still be full of the one before; of two it may not."""
    loop = (link("a", "b"), link("b", "a", later=1), link("a", "b2", holds=1))
    assert "ab" in circles(WaitGraph(links=(*loop, link("b2", "b"))))


def test_checker_wants_a_schedule_for_what_is_left() -> None:
    waits = WaitGraph(links=(link("a", "b"), link("b", "d"), link("a", "d")))
    verdicts = prove(waits)
    verify_waits(waits, verdicts, ["ab", "bd", "ad"])
    with pytest.raises(
        InternalError,
        match=r"^Stream ad must hold all beats of an invocation, or a -> d -> b -> a may wait for "
        r"each other for ever$",
    ):
        verify_waits(waits, verdicts, ["ab", "bd"])
    with pytest.raises(InternalError, match=r"^Verdicts must follow from who waits for whom$"):
        verify_waits(waits, [Verdict("ab", WaitReason.BRIDGE), *verdicts[1:]], ["ad", "bd"])


# A design.


def at_depth(design: PlacedNetlist, name: str, depth: int) -> PlacedNetlist:
    assert name in {c.name for c in design.channels}
    return replace(design, queues=FrozenMap({**design.queues, name: depth}))


def test_a_design_needs_no_schedule(design: PlacedNetlist) -> None:
    """Every stream, of values, parameters and control: at any speed and any length."""
    verdicts = design.depths.verdicts
    assert {v.why for v in verdicts} == {WaitReason.HOLDS, WaitReason.BRIDGE}
    streams = {c.name for c in design.channels if c.value is not None}
    assert streams <= {v.stream for v in verdicts}


@pytest.mark.parametrize(
    ("name", "threads"),
    [
        ("residual_1_i_a", {"residual_1", "blocks_entry_o_fork"}),
        ("activation_i_scale_convert_i", {"activation", "matmul_w4:hidden"}),
        ("attention_values_i_length", {"attention_softmax"}),
        ("token_embedding_i_index", {"embedding", "position_embedding"}),
    ],
)
def test_less_depth_closes_a_circle(design: PlacedNetlist, name: str, threads: set[str]) -> None:
    """Of residuals, of parameters that must be there before their operand, of control."""
    less = at_depth(design, name, 2)
    found = circles(waits_of(less, less.queues))
    assert threads <= set(found[name]), found[name]


def test_invariant(design: PlacedNetlist) -> None:
    broken = at_depth(design, "attention_values_i_length", 2)
    with pytest.raises(InternalError, match=r"^Verdicts must follow from who waits for whom$"):
        check(("size",), broken)
    verdicts = prove(waits_of(broken, broken.queues))
    depths = replace(design.depths, verdicts=verdicts)
    with pytest.raises(InternalError, match=r"^Stream attention_values_i_length must hold all"):
        check(("size",), replace(broken, depths=depths))


def test_a_converter_of_less_than_its_tensor_closes_circles(design: PlacedNetlist) -> None:
    """Its writer stops while its reader waits for keys, which stand behind the query: this hung."""
    name = "attention_scores_i_q_convert"
    (instance,) = (i for i in design.instances if i.name == name)
    assert isinstance(instance.part, ConverterSpec) and holds_all(instance.part)
    mapped = replace(instance.part, kind=BufferKind.MAPPED)
    assert not holds_all(mapped)
    parts = tuple(replace(i, part=mapped) if i is instance else i for i in design.instances)
    found = circles(waits_of(replace(design, instances=parts), design.queues))
    assert {"attention_scores", "qkv_split"} <= set(found[f"{name}_i"])
