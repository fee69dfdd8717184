# SPDX-License-Identifier: Apache-2.0
"""Real exports, stored as text, become the graphs of their directories; others are refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.exported.call import Call, Reference
from streamhw.frontend.exported.raising.raised import Raised, raised
from streamhw.graph import Attention, Gather, Graph, Linear, RolledLoop
from streamhw.graph.float_reference import forward
from tests.frontend.exported.stored_program import (
    FACTS,
    VALUES,
    StoredProgram,
    constant,
    parameter,
    stored,
)

FAMILIES = json.loads((Path(__file__).parents[2] / "family_logits.json").read_text())["cases"]
PROGRAMS: dict[str, Any] = FACTS["programs"]
OWN = [name for name, facts in PROGRAMS.items() if "logits" in facts]


def weights(found: Raised) -> dict[str, np.ndarray]:
    return {name: np.asarray(t.read(), dtype=np.float32) for name, t in found.tensors.items()}


@pytest.mark.parametrize("case", [name for name in PROGRAMS if name not in OWN])
def test_transformers_models_are_their_directories(case: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(PROGRAMS[case]["config"]))
    shapes = {name: tuple(shape) for name, shape in FAMILIES[case]["shapes"].items()}
    tensors = {name: VALUES(name, shape) for name, shape in shapes.items()}
    save_file(tensors, tmp_path / "model.safetensors")
    saved, found = load(tmp_path), raised(stored(case), "model")
    assert str(found.graph.nodes).replace("transformer.", "") == str(saved.graph.nodes)
    for own, other in zip(found.graph.parameters(), saved.graph.parameters(), strict=True):
        assert np.array_equal(found.tensors[own.name].read(), saved.weights[other.name]), own.name


@pytest.mark.parametrize("name", OWN)
def test_plain_decoders_give_their_logits(name: str) -> None:
    found = raised(stored(name), "own")
    values = forward(found.graph, weights(found), np.array(FACTS["tokens"]))
    wanted = np.array(PROGRAMS[name]["logits"])
    assert np.abs(values["logits"][-1] - wanted).max() < 1e-5 * np.abs(wanted).max()
    assert found.config.layers == {"rotated": 2, "learned": 2, "fused": 3}[name]
    (note,) = found.notes
    assert note.startswith(f"own: hardware is built for {len(FACTS['tokens'])} positions")


# ---- small programs

N, D = 6, 8


def calls(*, mask: bool = True, heads: int = 2, layers: int = 2) -> list[Call]:
    """A decoder without norms and gates: attention alone, and a head."""
    found = [call("x0", "embedding", "table", "ids")]
    for layer in range(layers):
        place = f"layers.{layer}"
        found += [
            call(f"{role}{layer}", "linear", f"x{layer}", f"w_{role}{layer}", None, place=place)
            for role in "qkv"
        ]
        for role in "qkv":
            found += [
                call(f"{role}h{layer}", "view", f"{role}{layer}", (1, N, heads, D // heads)),
                call(f"{role}t{layer}", "transpose", f"{role}h{layer}", 1, 2),
            ]
        operands = (f"qt{layer}", f"kt{layer}", f"vt{layer}", None, 0.0, mask)
        found += [
            call(f"a{layer}", "scaled_dot_product_attention", *operands, place=f"{place}.attn"),
            call(f"b{layer}", "transpose", f"a{layer}", 1, 2),
            call(f"c{layer}", "reshape", f"b{layer}", (1, N, D)),
            call(f"o{layer}", "linear", f"c{layer}", f"w_o{layer}", None, place=place),
            call(f"x{layer + 1}", "add", f"x{layer}", f"o{layer}"),
        ]
    return [*found, call("logits", "linear", f"x{layers}", "head", None)]


def call(name: str, op: str, *arguments: Any, place: str = "") -> Call:
    """A call; texts are references."""
    read = tuple(Reference(a) if isinstance(a, str) else a for a in arguments)
    return Call(name=name, op=op, arguments=read, place=place)


def program(found: list[Call], **changes: Any) -> StoredProgram:
    given = {"table": parameter("table.weight", 20, D), "head": parameter("head.weight", 20, D)}
    for layer in range(4):
        for role in "qkvo":
            given[f"w_{role}{layer}"] = parameter(f"layers.{layer}.{role}.weight", D, D)
    return replace(StoredProgram(found, given), **changes)


def changed(found: list[Call], name: str, *new: Call) -> list[Call]:
    """With other calls in place of one, the last of them under its name."""
    return [other for old in found for other in (new if old.name == name else (old,))]


def refused(found: list[Call], message: str) -> None:
    with pytest.raises(UserError, match=message):
        raised(program(found), "small")


def loop_of(graph: Graph) -> RolledLoop:
    return graph.loops[0]


def test_the_small_program() -> None:
    found = raised(program(calls()), "small")
    names = [node.name for node in loop_of(found.graph).body]
    assert names == ["q", "k", "v", "attention", "attention_out", "residual_1"]
    assert found.graph.parameters()[1].name == "layers.0.q.weight"
    assert loop_of(found.graph).trips == 2 and found.config.heads == 2


def test_one_layer_is_a_loop_of_one() -> None:
    assert loop_of(raised(program(calls(layers=1)), "small").graph).trips == 1


def test_attention_to_later_positions_is_refused_by_its_place() -> None:
    refused(
        calls(mask=False),
        r"^program: operation scaled_dot_product_attention \(a0 in layers.0.attn\) cannot become "
        "hardware: attention must be causal",
    )


def test_an_unknown_operation_is_named() -> None:
    found = changed(calls(), "o1", call("o1", "fft_rfft", "c1", place="layers.1"))
    refused(found, r"^program: operation fft_rfft \(o1 in layers.1\) cannot become hardware: ")


def test_layers_of_two_structures_are_refused() -> None:
    extra = call("n", "relu", "o2", place="layers.2")
    last = call("x3", "add", "x2", "n")
    refused(changed(calls(layers=3), "x3", extra, last), "all layers must have the same structure")


def test_a_layer_that_reads_another_one_is_refused() -> None:
    # What follows the blocks is not the chain of sums that layers are.
    found = changed(calls(), "o1", call("o1", "linear", "c0", "w_o1", None))
    with pytest.raises(UserError, match=r"^program: "):
        raised(program(found), "small")


def test_windows_of_masks() -> None:
    seen = np.tril(np.ones((N, N), dtype=bool))
    seen &= ~np.tril(seen, -4)
    found = [
        replace(c, arguments=(*c.arguments[:3], Reference("mask"), 0.0, False))
        if c.op == "scaled_dot_product_attention"
        else c
        for c in calls()
    ]
    given = {**program(found).given, "mask": constant(seen)}
    made = raised(program(found, given=given), "small")
    attention = made.graph.node("attention").op
    assert isinstance(attention, Attention) and attention.windows == (4,)


def test_a_tied_head_has_the_name_of_the_table() -> None:
    table = parameter("table.weight", 20, D)
    given = program(calls()).given | {"table": table, "head": table}
    graph = raised(program(calls(), given=given), "small").graph
    head, embedding = graph.node("logits").op, graph.node("embedding").op
    assert isinstance(head, Linear) and isinstance(embedding, Gather)
    assert head.weight == embedding.table == "table.weight"


def test_a_scale_of_scores_goes_into_the_queries() -> None:
    found = [
        replace(c, arguments=(*c.arguments, 1.0)) if c.name.startswith("a") else c for c in calls()
    ]
    made = raised(program(found), "small")
    attention = made.graph.node("attention").op
    assert isinstance(attention, Attention) and attention.scale is None
    plain = VALUES("layers.0.q.weight", (D, D))
    assert np.allclose(made.tensors["layers.0.q.weight"].read(), plain * 2)


def test_rows_in_another_order_are_refused() -> None:
    transposed = call("y", "index_select", "x2", 1, "order")
    found = changed(calls(), "logits", transposed, call("logits", "linear", "y", "head", None))
    given = {**program(found).given, "order": constant(np.arange(N)[::-1])}
    with pytest.raises(UserError, match="rows must stay in order"):
        raised(program(found, given=given), "small")


def test_a_program_without_layers_is_refused() -> None:
    refused(
        [call("x0", "embedding", "table", "ids"), call("logits", "linear", "x0", "head", None)],
        "^program: a model must have layers",
    )
