# SPDX-License-Identifier: Apache-2.0
"""A channel of a package is plain data: the text of its header, and integers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamhw.boards.memory.cpp_channel import CppChannel


def channel(folder: Path, **changes: Any) -> CppChannel:
    (folder / "own.h").write_text("class Own {};\n")
    given: dict[str, Any] = {"bandwidth": 0.8, "numbers": {"banks": np.int32(4)}, **changes}
    return CppChannel.of(folder / "own.h", "Own", **given)


def test_it_holds_its_header(tmp_path: Path) -> None:
    found = channel(tmp_path)
    assert (found.file, found.source) == ("own.h", "class Own {};\n")
    assert found == channel(tmp_path, numbers={"banks": 4}) and hash(found)
    assert type(found.numbers["banks"]) is int
    assert found.peak(16, 50.0) == 16 and found.peak(16, 100.0) == 8


def test_errors(tmp_path: Path) -> None:
    for change, text in (
        ({"bandwidth": 0}, "^Bandwidth of own.h must be a number above 0, not 0$"),
        (
            {"numbers": {"2 banks": 1}},
            r"must have names of C\+\+, not '2 banks'$",
        ),
        ({"numbers": {"banks": 1 << 63}}, "^Number banks of own.h must have 64 bits, not "),
    ):
        with pytest.raises(ValueError, match=text):
            channel(tmp_path, **change)
    with pytest.raises(TypeError, match="float"):
        channel(tmp_path, numbers={"banks": 1.5})
    with pytest.raises(ValueError, match=r"^Header of a channel must have a plain name, not "):
        CppChannel(file="../own.h", source="", class_name="Own", bandwidth=1.0)
