# SPDX-License-Identifier: Apache-2.0
"""The state of a simulation: saved at any cycle, it goes on as if nothing had happened."""

from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import InternalError, UserError
from streamhw.runtime.driver import generate
from streamhw.sim.checkpoint import Checkpoint
from streamhw.sim.device import SimDevice
from streamhw.sim.memory_model import Stalls
from streamhw.sim.verilator import build
from tests.sim.models import constant, hbm2
from tests.sim.standin import Standin

PROMPT, COUNT = [3, 5, 1], 6
MODELS = {
    "ideal": constant(stalls=Stalls.everywhere(0.3, seed=1, length=3)),
    "hbm2": hbm2(t_refi=400.0),
}


@pytest.fixture(scope="module")
def device(tmp_path_factory):
    """A function that opens devices of a stand-in, observed."""
    spec = Standin()
    folder = tmp_path_factory.mktemp("standin")
    made = build([spec.write(folder)], spec.manifest, observed=True, savable=True,
                 cache=folder / "cache")  # fmt: skip
    return lambda model: SimDevice(spec.manifest, made, spec.image(1), model=model)


def outcome(device, answer):
    tokens = [(t.token, t.cycles) for t in answer]
    beats = device.take("h_sum").tolist()
    counters = device.statistics()["h_sum"]
    facts = [counters.transfers, counters.blocked, counters.starved, device.cycle]
    return tokens, beats, facts, answer.traffic(), device.peaks(), device.memory.tolist()


@pytest.mark.parametrize("name", MODELS)
def test_goes_on_from_any_checkpoint(device, name):
    saved = []
    with device(MODELS[name]) as d:
        d.time()
        answer = generate(d, PROMPT, count=COUNT)
        d.pause(19, lambda: saved.append((d.save(), answer.progressed(), d.cycle)))
        expected = outcome(d, answer)
        times = d.timed()["h_sum"].tolist()
    assert len(saved) > 20
    for state, progressed, cycle in saved[::7]:
        with device(MODELS[name]) as d:
            d.load(state)
            assert d.cycle == cycle
            answer = generate(d, PROMPT, count=COUNT, since=progressed)
            tokens, *others = outcome(d, answer)
            assert [(t.token, t.cycles) for t in progressed.tokens] + tokens == expected[0]
            assert tuple(others) == expected[1:]
            assert d.timed()["h_sum"].tolist() == times


def test_state_of_something_else(device):
    with device(MODELS["ideal"]) as d:
        state = d.save()
    for wrong, text in (
        (state["state"][:-5], "the state is cut off"),
        (np.concatenate([state["state"], state["state"][:9]]), "the state is of another design"),
    ):
        with device(MODELS["ideal"]) as d, pytest.raises(InternalError, match=text):
            d.load(state | {"state": wrong})


def test_files(tmp_path: Path):
    file = tmp_path / "run.checkpoint"
    arrays = {"state": np.arange(5000, dtype=np.uint16)}
    made = Checkpoint(identity={"prompt": "a"}, facts={"tokens": [1, 2]}, arrays=arrays)
    made.save(file)
    found = Checkpoint.load(file, {"prompt": "a"})
    assert found.facts == made.facts and (found.arrays["state"] == arrays["state"]).all()
    assert [p.name for p in tmp_path.iterdir()] == [file.name]

    with pytest.raises(UserError, match="of the same prompt as this run, and is of another"):
        Checkpoint.load(file, {"prompt": "b"})
    with pytest.raises(UserError, match="must exist, and does not"):
        Checkpoint.load(tmp_path / "none", {})
    with pytest.raises(UserError, match=r"Cannot write the checkpoint .*No such file"):
        made.save(tmp_path / "none" / "file")
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    other = tmp_path / "other.npz"
    np.savez(other, facts=np.frombuffer(b"[]", dtype=np.uint8))
    for damaged in (content[:-100], content[:40], b"", b"text", bytes(flipped), other.read_bytes()):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match=r"must be a whole file that `run --checkpoint` wrote"):
            Checkpoint.load(file, {"prompt": "a"})


def test_only_checkpoints_are_replaced(tmp_path: Path) -> None:
    Checkpoint.check(tmp_path / "new")
    np.savez(tmp_path / "old.npz", a=np.zeros(1))
    Checkpoint.check(tmp_path / "old.npz")
    (tmp_path / "mine.txt").write_text("mine")
    for place in (tmp_path / "mine.txt", tmp_path, Path("/dev/null"), tmp_path / "no" / "x"):
        with pytest.raises(UserError, match=r"^Cannot write the checkpoint .* because of "):
            Checkpoint.check(place)
