# SPDX-License-Identifier: Apache-2.0
"""``explain`` on a tiny build: every edge in full, names as a user types them, and bad ones."""

import shutil
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.api import build as api_build
from streamhw.compiler import pipeline
from streamhw.errors import UserError
from streamhw.report.edges import edges_of, find_edge
from streamhw.report.explain import explain
from streamhw.report.facts import Facts
from tests.cli.conftest import facts_of


@pytest.fixture(scope="module")
def facts(built: Path) -> Facts:
    return facts_of(built)


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


def test_paths_lead_from_write_to_read(facts: Facts) -> None:
    waiting = [flow for flow in facts.flows if flow.path and flow.sink != "distributor"]
    assert {"residual_1_i_a", "residual_2_i_a"} <= {flow.stream for flow in waiting}
    for flow in waiting:
        first, *_, last = flow.path
        assert first.event.endswith("first") or flow.tokens == 1
        assert first.cycle <= flow.written[0] <= flow.read[0] == pytest.approx(last.cycle)
        assert last.event.startswith(f"{flow.sink}.i")
        assert all(step.why for step in flow.path[1:])
        assert f"beats of {flow.stream}" not in {step.why for step in flow.path}


def test_path_of_parameters(facts: Facts) -> None:
    """From the request of the beat that waits longest to its use by its own product."""
    (flow,) = (flow for flow in facts.flows if flow.sink == "distributor")
    first, *_, last = flow.path
    product, _, which = first.event.rpartition(".")
    assert last.event == f"{product}.i.{which}"
    assert last.cycle - first.cycle == pytest.approx(flow.delay + 1, abs=0.2)


@pytest.mark.parametrize(
    "name",
    [
        "residual_1_i_b",
        "residual_1.i_b",
        "residual_1_i_b_convert_i",
        "residual_1_i_b_conv",
        "matmul_w8.o_attention_out->residual_1.i_b",
        "matmul_w8 -> residual_1",
        "matmul_w8.o_att->resid",
    ],
)
def test_names_of_an_edge(facts: Facts, name: str) -> None:
    assert find_edge(facts, name).name == "residual_1_i_b"


def test_names_of_several_or_none(facts: Facts) -> None:
    with pytest.raises(UserError, match=r"must name one edge, not \d+ of them") as error:
        find_edge(facts, "attention_scores")
    assert "attention_scores_i_q" in str(error.value.hint)
    with pytest.raises(UserError, match="must be one of the build's") as error:
        find_edge(facts, "residul_1_i_b")
    assert "residual_1_i_b" in str(error.value.hint)
    with pytest.raises(UserError) as error:
        find_edge(facts, "zzzzzz")
    assert "lists them" in str(error.value.hint)


def test_the_command(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(built)]) == 0
    shown = capsys.readouterr().out
    assert "matmul_w8_i_x_qkv" in shown and "sequencer_i_next" in shown
    assert "steps_i" not in shown
    assert main(["explain", str(built), "--all"]) == 0
    assert "steps_i" in capsys.readouterr().out
    assert main(["explain", str(built), "norm_1_i"]) == 0
    assert "both" in capsys.readouterr().out
    assert main(["explain", str(built), "nothing"]) == 2
    assert "must be one of the build's" in capsys.readouterr().err


def test_folders_that_hold_no_build(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(tmp_path)]) == 2
    assert "BUILD must be a folder that `build` wrote" in capsys.readouterr().err
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    (copy / "netlist.json").unlink()
    assert main(["explain", str(copy)]) == 2
    assert "must have its netlist.json as it was written, but: No such" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explain", "report"])
def test_the_netlist_is_enough(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Neither Verilog nor image nor the numbers for others are read, and nothing is compiled."""
    for name in ("netlist.json", "manifest.json"):
        shutil.copy(built / name, tmp_path)

    def compiled(*_: object, **__: object) -> None:
        raise AssertionError("must not be compiled")

    monkeypatch.setattr(pipeline, "compile_model", compiled)
    monkeypatch.setattr(api_build, "compile_model", compiled)
    monkeypatch.setattr(api_build, "quantize", compiled)
    assert main([command, str(tmp_path)]) == 0
