# SPDX-License-Identifier: Apache-2.0
"""Binding: which matrix products share an engine, down to an answer of the simulated hardware."""

from pathlib import Path

import numpy as np
import pytest

from streamhw.compiler.backend.emit import emit
from streamhw.compiler.backend.image import design_image
from streamhw.compiler.config import parse_sharing
from streamhw.compiler.ir.infrastructure.steps import EngineScheduleSpec
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.mapping.engine_sharing import EngineAssignment, Sharing
from streamhw.compiler.mapping.engine_tiling import EngineTiling
from streamhw.compiler.mapping.tiling import Tiling
from streamhw.errors import UserError
from streamhw.kernels.matmul.spec import MatmulSpec
from streamhw.numerics.element_format import integer_format
from streamhw.sim import verilator
from streamhw.stream.control.scope import Scope
from tests.compiler.conftest import Compiled, Parameters
from tests.e2e.machine import Machine

BODY = ("qkv", "attention_out", "hidden", "mlp_out")


def engines(design: PlacedNetlist) -> dict[str, MatmulSpec]:
    return {i.name: i.part for i in design.instances if isinstance(i.part, MatmulSpec)}


def test_all_products_share_one_engine(compiled: Compiled) -> None:
    design = compiled()
    assert design.assignments == (
        EngineAssignment("matmul_w4", integer_format(4, 32), BODY, ("logits",)),
    )
    (engine,) = engines(design).values()
    assert [c.name for c in engine.contexts] == [*BODY, "logits"]
    assert [c.tokens for c in engine.contexts] == [8, 8, 8, 8, 1]
    assert design.instance("matmul_w4").scope is Scope.SHARED
    assert engine.contexts[-1].outputs == 64, "60 outputs in tiles of 8 rows"


def test_one_engine_a_weight_format(compiled: Compiled) -> None:
    design = compiled(head_bits=8)
    assert design.assignments == (
        EngineAssignment("matmul_w4", integer_format(4, 32), BODY, ()),
        EngineAssignment("matmul_w8", integer_format(8, 32), (), ("logits",)),
    )
    assert {name: e.weights.bits for name, e in engines(design).items()} == {
        "matmul_w4": 4,
        "matmul_w8": 8,
    }


def test_no_sharing_is_one_engine_a_product(compiled: Compiled) -> None:
    design = compiled(sharing=Sharing.NONE)
    assert [b.instance for b in design.assignments] == [f"matmul_{n}" for n in (*BODY, "logits")]
    assert [b.nodes for b in design.assignments] == [(n,) for n in (*BODY, "logits")]
    assert len(engines(design)) == 5
    (one,) = (compiled().placement.cells[name] for name in engines(compiled()))
    cells = design.placement.cells
    assert sum(cells[name].dsps for name in engines(design)) >= 4 * one.dsps
    assert design.memory.stored == compiled().memory.stored


def test_some_engines_by_number(compiled: Compiled) -> None:
    """Neighbors in the graph on different engines, and about as much to do for each."""
    found = {
        n: [b.nodes for b in compiled(stop="assign", sharing=n).assignments] for n in (1, 2, 3, 5)
    }
    assert found == {
        1: [(*BODY, "logits")],
        2: [("qkv", "hidden", "logits"), ("attention_out", "mlp_out")],
        3: [("qkv",), ("attention_out", "mlp_out"), ("hidden", "logits")],
        5: [(n,) for n in (*BODY, "logits")],
    }
    names = [b.instance for b in compiled(stop="assign", sharing=2).assignments]
    assert names == ["matmul_qkv", "matmul_attention_out"]
    mixed = compiled(stop="assign", sharing=3, head_bits=8).assignments
    assert [b.nodes for b in mixed] == [
        ("qkv", "hidden"),
        ("attention_out", "mlp_out"),
        ("logits",),
    ]


def test_engines_by_name(compiled: Compiled) -> None:
    """Contexts run in the order of the graph, whatever the order of names; the rest share one."""
    groups = (("mlp_out", "qkv"), ("hidden",))
    design = compiled(sharing=groups)
    assert [b.nodes for b in design.assignments] == [
        ("qkv", "mlp_out"),
        ("attention_out", "logits"),
        ("hidden",),
    ]
    order = [s.node for s in design.memory.body if s.node in BODY]
    assert order == list(BODY), "parameters come in topological order for any binding"


ODD = Tiling(
    token_batch=4,
    lanes=2,
    attention_lanes=8,
    engines={
        "matmul_qkv": EngineTiling(rows=32, inputs=8, lanes=1),
        "matmul_attention_out": EngineTiling(rows=16, inputs=16, lanes=8),
        "matmul_hidden": EngineTiling(rows=64, inputs=1, lanes=4),
    },
    node_lanes={"norm_2": 8},
)
"""Sizes of three engines that agree with each other nowhere; inputs also below lanes."""


def test_engines_with_their_own_sizes(compiled: Compiled) -> None:
    design = compiled(sharing=(("qkv", "mlp_out"), ("hidden",)), tiling=ODD)
    sizes = {name: (e.rows, e.input_lanes, e.lanes) for name, e in engines(design).items()}
    assert sizes == {
        "matmul_qkv": (32, 8, 1),
        "matmul_attention_out": (16, 16, 8),
        "matmul_hidden": (64, 1, 4),
    }
    assert design.instance("norm_2").part.lanes == 8
    assert design.instance("norm_1").part.lanes == 2


@pytest.mark.parametrize(
    ("sharing", "message"),
    [
        (6, r"^Engines must be at least 1 \(.*\) and at most 5 \(.*\), not 6$"),
        (0, r"^Engines must be at least 1 .*, not 0$"),
        ((("qkv", "nobody"),), r"^Product must be one of qkv, .*, logits, not 'nobody'$"),
        ((("qkv",), ("qkv",)), r"^Product qkv must be on one engine, not named 2 times$"),
    ],
)
def test_engines_that_cannot_be(compiled: Compiled, sharing: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        compiled(stop="assign", sharing=sharing)


def test_two_weight_formats_on_one_engine(compiled: Compiled) -> None:
    with pytest.raises(
        UserError,
        match=r"^Products of an engine must have one weight format, not qkv with 4 bits in groups "
        r"of 32 and logits with 8 bits in groups of 32$",
    ):
        compiled(stop="assign", head_bits=8, sharing=(("qkv", "logits"),))


def test_sharing_as_typed() -> None:
    assert parse_sharing("all") is Sharing.ALL
    assert parse_sharing("none") is Sharing.NONE
    assert parse_sharing("3") == 3
    assert parse_sharing("qkv+hidden,mlp_out") == (("qkv", "hidden"), ("mlp_out",))
    for text in ("", "a+,b", "a b"):
        with pytest.raises(UserError, match=r"^Sharing must be all, none, a number of engines or"):
            parse_sharing(text)


CHOICES = [
    {"sharing": Sharing.NONE},
    {"head_bits": 8},
    {"sharing": (("qkv", "mlp_out"), ("hidden",)), "tiling": ODD},
]


@pytest.mark.parametrize("choices", CHOICES)
def test_every_engine_has_its_schedule(compiled: Compiled, choices: dict[str, object]) -> None:
    """Engines that run only in layers, or only after them, too."""
    design = compiled(**choices)
    for assignment in design.assignments:
        schedule = design.instance(f"{assignment.instance}_schedule").part
        assert isinstance(schedule, EngineScheduleSpec)
        counts = (len(assignment.body), len(assignment.tail))
        assert (len(schedule.body), len(schedule.tail)) == counts
        assert set(schedule.create().signature.members) == {"i", "o"}


@pytest.mark.slow
@pytest.mark.parametrize("choices", CHOICES)
def test_answer_of_the_hardware(
    compiled: Compiled, parameters: Parameters, tmp_path: Path, choices: dict[str, object]
) -> None:
    """Every token and every stream equals the integer reference."""
    design = compiled(**choices)
    emitted, quantized = emit(design), parameters(design)
    assert "[-1:0]" not in emitted.verilog, "a net of zero bits"
    (tmp_path / "top.v").write_text(emitted.verilog)
    content = np.concatenate(list(design_image(design, quantized)))
    library = verilator.build([tmp_path / "top.v"], emitted.manifest, observed=True)
    assert library.warnings == ()
    machine = Machine(design, emitted, tmp_path, library, content, quantized)
    answer = machine.answer([5, 9, 2, 7, 1, 1, 3, 8, 4, 6], 3, check=True)
    assert len(answer.tokens) == 3
    assert answer.compared is not None and answer.compared.beats > 5_000
