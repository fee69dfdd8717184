# SPDX-License-Identifier: Apache-2.0
"""Binding: which matrix products share an engine, down to an answer of the simulated hardware."""

from pathlib import Path

import numpy as np
import pytest
from streamhw.sim import verilator

from streamhw.compiler.bind import Binding
from streamhw.compiler.config import Sharing
from streamhw.compiler.design import Design, Scope
from streamhw.compiler.emit import emit
from streamhw.compiler.memory import image
from streamhw.kernels.matmul import Matmul
from tests.compiler.conftest import Compiled
from tests.e2e.machine import Machine

BODY = ("qkv", "attention_out", "hidden", "mlp_out")


def engines(design: Design) -> dict[str, Matmul]:
    return {i.name: i.part for i in design.instances if isinstance(i.part, Matmul)}


def test_all_products_share_one_engine(compiled: Compiled) -> None:
    design = compiled()
    assert design.bindings == (Binding("matmul_w4", 4, 32, BODY, ("logits",)),)
    (engine,) = engines(design).values()
    assert [c.name for c in engine.contexts] == [*BODY, "logits"]
    assert [c.tokens for c in engine.contexts] == [8, 8, 8, 8, 1]
    assert design.instance("matmul_w4").scope is Scope.SHARED
    assert engine.contexts[-1].outputs == 64, "60 outputs in tiles of 8 rows"


def test_one_engine_a_weight_format(compiled: Compiled) -> None:
    design = compiled(head_bits=8)
    assert design.bindings == (
        Binding("matmul_w4", 4, 32, BODY, ()),
        Binding("matmul_w8", 8, None, (), ("logits",)),
    )
    assert {name: e.weight_bits for name, e in engines(design).items()} == {
        "matmul_w4": 4,
        "matmul_w8": 8,
    }


def test_no_sharing_is_one_engine_a_product(compiled: Compiled) -> None:
    design = compiled(sharing=Sharing.NONE)
    assert [b.instance for b in design.bindings] == [f"matmul_{n}" for n in (*BODY, "logits")]
    assert [b.nodes for b in design.bindings] == [(n,) for n in (*BODY, "logits")]
    assert len(engines(design)) == 5
    (one,) = (compiled().known.placement.cells[name] for name in engines(compiled()))
    cells = design.known.placement.cells
    assert sum(cells[name].dsps for name in engines(design)) >= 4 * one.dsps
    assert design.known.memory.stored == compiled().known.memory.stored


@pytest.mark.parametrize("choices", [{"sharing": Sharing.NONE}, {"head_bits": 8}])
def test_every_engine_has_its_schedule(compiled: Compiled, choices: dict[str, object]) -> None:
    """Engines that run only in layers, or only after them, too."""
    design = compiled(**choices)
    for name in engines(design):
        design.instance(f"{name}_schedule").part.create()


@pytest.mark.slow
@pytest.mark.parametrize("choices", [{"sharing": Sharing.NONE}, {"head_bits": 8}])
def test_answer_of_the_hardware(
    compiled: Compiled, tmp_path: Path, choices: dict[str, object]
) -> None:
    """Every token and every stream equals the integer reference."""
    design = compiled(**choices)
    emitted, known = emit(design), design.known
    assert "[-1:0]" not in emitted.verilog, "a net of zero bits"
    (tmp_path / "top.v").write_text(emitted.verilog)
    content = np.concatenate(list(image(known.memory, design.graph, known.quantised, known.tiling)))
    library = verilator.build([tmp_path / "top.v"], emitted.manifest, observed=True)
    assert library.warnings == ()
    machine = Machine(design, emitted, tmp_path, library, content)
    answer = machine.answer([5, 9, 2, 7, 1, 1, 3, 8, 4, 6], 3, check=True)
    assert len(answer.tokens) == 3
    assert answer.compared is not None and answer.compared.beats > 5_000
