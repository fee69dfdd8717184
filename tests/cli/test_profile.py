# SPDX-License-Identifier: Apache-2.0
"""``profile``: of a build or a model, the sentence and tables, and what the page shows then."""

import json
import shutil
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.commands.records.profiles import KernelRecord, ProfileRecord
from streamhw.report.bottleneck import bottleneck
from streamhw.report.profile import PROFILE_FILE, StepProfile
from tests.cli.conftest import CHOICES
from tests.cli.scripted import said


@pytest.fixture(scope="module")
def copy(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(built, tmp_path_factory.mktemp("profiled") / "copy"))


def test_a_build(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", str(copy), "--prompt", "5 9 33", "--tokens", "2"]) == 0
    shown = capsys.readouterr().out
    made = StepProfile.load(copy)
    assert made is not None and made.position == 3
    assert shown.startswith(f"{bottleneck(made).says}\n{bottleneck(made).lift}\n")
    for kernel in made.kernels:
        (row, *_) = (line for line in shown.splitlines() if f"│ {kernel.name} " in line)
        for count in (kernel.works, kernel.input, kernel.room, kernel.memory, kernel.idle):
            assert f"{count / made.cycles:.1%}" in row
    assert str(copy / PROFILE_FILE) in shown and "predicted" in shown and "m_axi_mem0" in shown


def test_a_model_is_built_or_reused(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(built, out)
    model = str(built.parent / "tiny")
    arguments = ["profile", model, *CHOICES, "-o", str(out), "--prompt", "5 9 33"]
    assert main(arguments) == 0
    assert f"Reusing the build in {out}" in capsys.readouterr().out
    assert (out / PROFILE_FILE).is_file()


def test_the_page_shows_that_of_this_build(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, records = said(capsys, "profile", copy)
    *kernels, step = records
    assert code == 0 and isinstance(step, ProfileRecord)
    for kernel in kernels:
        assert isinstance(kernel, KernelRecord)
        waits = kernel.waits_for_input + kernel.waits_for_room + kernel.waits_for_memory
        assert kernel.works + waits + kernel.idle == step.cycles
    page = tmp_path / "page.html"
    assert main(["report", str(copy), "-q", "-o", str(page)]) == 0
    made = StepProfile.load(copy)
    assert made is not None and bottleneck(made).says in page.read_text()
    assert step.bound == bottleneck(made).says and len(kernels) == len(made.kernels) > 0
    other = json.loads((copy / PROFILE_FILE).read_text()) | {"source": "another"}
    (copy / PROFILE_FILE).write_text(json.dumps(other))
    assert main(["report", str(copy), "-q", "-o", str(page)]) == 0
    assert bottleneck(made).says not in page.read_text()
    (copy / PROFILE_FILE).write_text("{")
    assert main(["report", str(copy), "-q", "-o", str(page)]) == 2
    (copy / PROFILE_FILE).unlink()


def test_what_does_not_go_together(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, words in (
        (["--multipliers", "8"], "Choices of a design must come with a model, not with the build"),
        (["--board", "ulx3s"], "Choices of a design must come with a model, not with the build"),
        (["--prompt", "some text"], "must be token numbers, since its tokenizer is not read"),
        (["--tokens", "1"], "Answer to profile must have at least 2 tokens, not 1"),
        (["--memory", "none"], "Memory must be one of"),
    ):
        assert main(["profile", str(copy), *options]) == 2
        assert words in capsys.readouterr().err
    assert not (copy / PROFILE_FILE).exists()
