# SPDX-License-Identifier: Apache-2.0
"""Simulated steps: what is made to bound them is named, and each cycle of a kernel counts once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import streamhw
from streamhw.boards.base import load_board
from streamhw.errors import UserError
from streamhw.report.bottleneck import Limit, bottleneck
from streamhw.report.facts import PartKind
from streamhw.report.profile import PROFILE_FILE, StepProfile
from streamhw.report.profile_tables import STATES
from streamhw.runtime.manifest import Manifest
from tests.tiny import write_tiny

ROOT = Path(__file__).parents[2]
Make = Callable[[int, float], Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """The folder of a build with so many multipliers, and beats of memory a cycle."""
    model = streamhw.load(write_tiny(tmp_path_factory.mktemp("model") / "tiny"))

    def make(multipliers: int, beats_per_cycle: float) -> Path:
        board = load_board("sim")
        (port,) = board.ports
        board = replace(board, ports=(replace(port, beats_per_cycle=beats_per_cycle),))
        config = streamhw.BuildConfig(
            quantization=streamhw.QuantConfig(weight_bits=8), multipliers=multipliers
        )
        folder = tmp_path_factory.mktemp("build") / "out"
        return streamhw.build(model, board, config, folder=folder).folder

    return make


@pytest.fixture(scope="module")
def few(make: Make) -> Path:
    """Few multipliers behind a memory of a beat a cycle."""
    return make(8, 1.0)


def test_few_multipliers_bound_the_step(few: Path) -> None:
    made = streamhw.profile(few)
    found = bottleneck(made)
    assert (found.limit, found.name) == (Limit.KERNEL, "matmul_w8")
    (engine,) = (kernel for kernel in made.kernels if kernel.kind is PartKind.ENGINE)
    assert found.share == engine.works / made.cycles > 0.7
    (port,) = made.ports.values()
    assert f"works in {engine.works / made.cycles:.1%}" in found.says
    assert f"carries {port.peak:.1%}" in found.says and port.peak < 0.2
    assert "Twice the multipliers of matmul_w8" in found.lift


def test_the_example_of_the_documentation(few: Path) -> None:
    made = streamhw.profile(few)
    page = " ".join((ROOT / "docs" / "reports.md").read_text().split())
    found = bottleneck(made)
    assert f"{found.says} {found.lift}" in page
    (engine,) = (kernel for kernel in made.kernels if kernel.kind is PartKind.ENGINE)
    shares = (f"{engine.share(count(engine)):.1%}" for count in STATES.values())
    assert f"| `{engine.name}` | {' | '.join(shares)} |" in page


def test_a_slow_port_bounds_the_step(make: Make, few: Path) -> None:
    made = streamhw.profile(make(32, 1 / 16))
    found = bottleneck(made)
    (name,) = made.ports
    assert (found.limit, found.name) == (Limit.BANDWIDTH, name)
    assert found.share == made.ports[name].peak > 0.9
    (engine,) = (kernel for kernel in made.kernels if kernel.kind is PartKind.ENGINE)
    assert engine.memory > engine.works
    assert f"waits for memory in {engine.memory / made.cycles:.1%}" in found.says
    assert made.cycles > streamhw.profile(few).cycles


def test_each_cycle_of_a_kernel_counts_once(few: Path) -> None:
    made = streamhw.profile(few, [5, 9, 33], tokens=3, stalls=0.2, seed=7)
    assert len(made.kernels) > 10 and made.position == 4
    for kernel in made.kernels:
        assert kernel.cycles == made.cycles, kernel.name
        assert min(vars(kernel)[name] for name in ("input", "room", "memory", "idle")) >= 0
        assert kernel.works > 0
    # The engine moves a beat of weights in each cycle of its products.
    assert max(kernel.works for kernel in made.kernels) > made.cycles / 2


def test_measured_times_are_those_predicted(few: Path) -> None:
    made = streamhw.profile(few, [5, 9, 33], tokens=3)
    layer = [t for t in made.times if t.invocation == "layer 1" and t.measured is not None]
    assert {"norm_1", "qkv", "attention_softmax", "mlp_out", "residual_2"} <= {
        t.task for t in layer
    }
    for times in made.times:
        if times.task in ("norm_1", "qkv", "hidden", "residual_2", "logits"):
            assert times.measured is not None
            assert times.measured[1] == pytest.approx(times.predicted[1], abs=0.02 * made.cycles)


def test_it_is_kept_and_the_same_again(few: Path) -> None:
    made = streamhw.profile(few, [1, 2], memory="ideal")
    text = (few / PROFILE_FILE).read_bytes()
    assert StepProfile.load(few) == made and made.source == Manifest.load(few).source
    assert streamhw.profile(few, [1, 2], memory="ideal") == made
    assert (few / PROFILE_FILE).read_bytes() == text


def test_what_cannot_be(few: Path, tmp_path: Path) -> None:
    for arguments, words in (
        ({"tokens": 1}, r"^Answer to profile must have at least 2 tokens, not 1$"),
        ({"prompt": []}, r"^Prompt must have at least one token, not none$"),
        ({"prompt": [64]}, r"^Token at position 0 must be below the vocabulary of 64, not 64$"),
        ({"tokens": 33}, r"^Prompt and answer must have at most 32 tokens together"),
        ({"stalls": 1.0}, r"^Share of stalls must be from 0 to below 1, not 1"),
        ({"memory": "none"}, r"^Memory must be one of"),
    ):
        with pytest.raises(UserError, match=words):
            streamhw.profile(few, **arguments)
    with pytest.raises(UserError, match=r"^BUILD must be a folder that `build` wrote"):
        streamhw.profile(tmp_path)
