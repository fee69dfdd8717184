# SPDX-License-Identifier: Apache-2.0
"""Every edge in sentences with numbers."""

from streamhw.report.edges import edges_of, find_edge
from streamhw.report.explain import explain
from streamhw.report.facts import Facts


def told(facts: Facts, name: str) -> str:
    sections = explain(find_edge(facts, name), facts)
    return "\n".join(line for s in sections for line in (s.title, *s.lines))


def test_every_edge_can_be_explained(facts: Facts) -> None:
    edges = edges_of(facts)
    assert len(edges) > 50
    covered = {stream.name for edge in edges for stream in edge.streams}
    assert covered == {stream.name for stream in facts.streams}
    for edge in edges:
        assert len(edge.through) == len(edge.streams) - 1
        text = told(facts, edge.name)
        assert text.startswith(str(edge)) and "types" in text and "FIFO" in text


def test_a_converter_in_numbers(facts: Facts) -> None:
    edge = find_edge(facts, "residual_1_i_b")
    (part,) = edge.through
    assert part.converter is not None and part.converter.bound_bits is not None
    text = told(facts, "residual_1_i_b")
    for line in (
        "sent    1x4:s24.16 (4 d1+=8) (tokens<=8 d0+=1) (2 d1+=4)",
        "wanted  1x4:s24.16 (tokens<=8 d0+=1) (8 d1+=4)",
        "number 0, (4 d1+=8) against (tokens<=8 d0+=1)",
        "(1, 0) is sent, (0, 8) is wanted",
        "one block of 8 x 32 elements",
        f"{part.converter.kind}: {part.converter.bits:,} bits",
        "a block is 256 elements x 24 bits = 6,144",
        f"would take {part.converter.pingpong_bits:,} bits",
        f"peak live elements: {part.converter.bound_bits:,} bits",
    ):
        assert line in text, line


def test_a_converter_that_could_hold_less_says_why_it_does_not(facts: Facts) -> None:
    """Queries stand in front of the keys that their reader waits for."""
    (part,) = find_edge(facts, "attention_scores_i_q").through
    assert part.converter is not None and part.converter.pages_bits is not None
    assert part.converter.bound_bits is not None
    assert part.converter.bound_bits < part.converter.pages_bits < part.converter.bits
    ring = part.converter.cycle
    assert (ring[0], ring[-1]) == (f"{part.name}.read", f"{part.name}.write")
    assert "attention_key_append" in ring and "qkv_split" in ring
    text = told(facts, "attention_scores_i_q")
    assert f"pages would hold {part.converter.pages_bits:,} bits" in text
    assert " -> ".join((ring[-1], *ring)) in text
    # Who writes its value to memory waits for nobody: pages need no reason.
    (other,) = find_edge(facts, "attention_key_append_i").through
    assert other.converter is not None and other.converter.kind == "mapped"
    assert not other.converter.cycle
    assert "for ever" not in told(facts, "attention_key_append_i")


def test_a_deep_fifo_names_the_longer_path(facts: Facts) -> None:
    text = told(facts, "residual_1_i_a")
    assert "64 beats x 96 bits = 6,144 bits" in text
    assert "at most all of them wait at once" in text
    assert "since without slack" in text
    assert "residual_1 takes its first beat  [beats of residual_1_i_b]" in text
