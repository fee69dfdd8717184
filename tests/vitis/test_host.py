# SPDX-License-Identifier: Apache-2.0
"""The host programs of a package, compiled against a stand-in for XRT with a kernel that counts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from streamhw.api.build import Build
from streamhw.errors import DeviceError, ToolError
from streamhw.runtime.xrt.card import LibraryCard
from streamhw.runtime.xrt.device import XrtDevice
from streamhw.stream.axi import register_map as registers
from streamhw.stream.axi.port_bases import port_base
from streamhw.vitis.flow import package_files

FAKE = Path(__file__).parent / "fake_xrt"
FLAGS = ("-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{FAKE}")
PROMPT = (5, 9, 33)


@pytest.fixture(scope="module")
def host(card: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``host`` of a package, with its programs as the Makefile builds them."""
    folder = tmp_path_factory.mktemp("package")
    for name, text in package_files(card.manifest, card.netlist, "").items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    here = folder / "host"
    for sources, output, flags in (
        (("main.cpp", "card.cpp"), "main", ()),
        (("c_interface.cpp", "card.cpp"), "libcard.so", ("-fPIC", "-shared")),
    ):
        subprocess.run(["g++", *FLAGS, *flags, *sources, "-o", output], cwd=here, check=True)
    (here / "kernel.xclbin").write_text("a binary")
    return here


@pytest.fixture
def work(host: Path, card: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the stand-in leaves what it saw."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAKE_BUILD", hex(card.manifest.build))
    return tmp_path


def call(host: Path, card: Build, *tokens: int, count: int = 4) -> subprocess.CompletedProcess[str]:
    program = [str(host / "main"), str(host / "kernel.xclbin"), str(card.folder / "memory.bin")]
    arguments = [str(count), *map(str, tokens)]
    return subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)


def check_memory(card: Build, work: Path) -> None:
    """Each bank has every other beat of the image."""
    image = card.image
    beats = np.zeros(-(-card.manifest.memory.bytes // 32) * 32, dtype=np.uint8)
    beats[: len(image)] = image
    for port, bank in enumerate((3, 17)):
        part = beats.reshape(-1, 2, 16)[:, port].tobytes()
        found = (work / f"HBM{bank}.bin").read_bytes()
        assert len(found) % 4096 == 0 and found.startswith(part)
        assert not found[len(part) :].strip(b"\0")


def check_bases(work: Path) -> None:
    writes = [
        tuple(map(int, line.split())) for line in (work / "writes.txt").read_text().splitlines()
    ]
    bases = {at: value for at, value in writes if port_base(0) <= at < port_base(2)}
    assert bases == {0x800: 0x30000000, 0x804: 1, 0x808: 0x10000000, 0x80C: 2}
    order = [at for at, _ in writes]
    assert writes[0] == (registers.CONTROL, registers.CONTROL_ABORT)
    assert order.index(0x80C) < order.index(registers.CONTROL, 1)


def test_an_answer_without_python(host: Path, card: Build, work: Path) -> None:
    done = call(host, card, *PROMPT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["34", "35", "36", "37"]
    check_memory(card, work)
    check_bases(work)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("FAKE_BUILD", "0x1", "Kernel must be of this build, but is another one"),
        ("FAKE_UNALIGNED", "1", "Buffer must begin at a page of 4 KiB, but does not"),
    ],
)
def test_cards_that_do_not_fit(
    host: Path,
    card: Build,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    value: str,
    says: str,
) -> None:
    monkeypatch.setenv(setting, value)
    done = call(host, card, *PROMPT)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {says}\n")
    done = call(host, card)
    assert done.returncode == 1 and "usage: main XCLBIN IMAGE COUNT TOKEN..." in done.stderr


def test_an_answer_with_the_driver(host: Path, card: Build, work: Path) -> None:
    done = subprocess.run(
        [sys.executable, host / "answer.py", card.folder, host / "kernel.xclbin",
         "--prompt", " ".join(map(str, PROMPT)), "--tokens", "4"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["34", "35", "36", "37"]
    check_memory(card, work)
    check_bases(work)


def test_the_card_behind_the_library(host: Path, card: Build, work: Path) -> None:
    with LibraryCard(host / "libcard.so", host / "kernel.xclbin", kernel="streamhw") as found:
        device = XrtDevice(card.manifest, found, banks=("HBM[3]", "HBM[17]"))
        device.write_memory(100, bytes(range(200)))
        assert device.read_memory(99, 202) == b"\0" + bytes(range(200)) + b"\0"
        with pytest.raises(DeviceError, match="card_write, but: Cannot read or write outside"):
            found.write32(0x10000, 1)
        with pytest.raises(DeviceError, match=r"must use memory bank HBM\[9\], but does not"):
            found.allocate(0, "HBM[9]", 4096)


def test_cards_that_do_not_open(host: Path, work: Path) -> None:
    library, binary = host / "libcard.so", host / "kernel.xclbin"
    with pytest.raises(DeviceError, match="card_open, but: no card 7"):
        LibraryCard(library, binary, kernel="streamhw", index=7)
    with pytest.raises(DeviceError, match="card_open, but: No IP matching 'other'"):
        LibraryCard(library, binary, kernel="other")
    with pytest.raises(DeviceError, match="card_open, but: no xclbin "):
        LibraryCard(library, work / "none.xclbin", kernel="streamhw")
    shutil.copy(binary, work / "libcard.so")
    with pytest.raises(ToolError, match=r"Library .*libcard\.so must load, but"):
        LibraryCard(work / "libcard.so", binary, kernel="streamhw")
