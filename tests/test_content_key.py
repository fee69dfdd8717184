# SPDX-License-Identifier: Apache-2.0
"""Keys follow the content, not the object, and say so where they cannot."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamhw import content_key as module
from streamhw.compiler.resources.fpga_cells import RamKind
from streamhw.content_key import content_key
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major


def test_equal_content_gives_one_key() -> None:
    values = [row_major(Fixed(8), (4, 8), 2) for _ in range(2)]
    assert content_key(values[0]) == content_key(values[1]) is not None
    assert content_key(np.arange(3)) == content_key(np.arange(3))


@pytest.mark.parametrize(
    "one, other",
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        ((1, 2), [1, 2]),
        ((1, (2,)), (1, 2)),
        (RamKind.BLOCK, RamKind.ULTRA),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.arange(3), np.arange(3.0)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (Fixed(8), replace(Fixed(8), frac=1)),
        (Fixed, RamKind),
        (len, None),
    ],
)
def test_other_content_gives_another_key(one: object, other: object) -> None:
    keys = [content_key(Fixed(8), value) for value in (one, other)]
    assert keys[0] != keys[1]


@pytest.mark.parametrize("value", [lambda: 1, object(), np.array([object()])])
def test_no_key_where_content_cannot_be_seen(value: object) -> None:
    assert content_key(1, value) is None


def test_the_source_of_all_classes_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "plug_in_kernel.py"
    text = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Spec:\n    n: int\n"
    source.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from plug_in_kernel import Spec  # type: ignore[import-not-found]  # written just now

    before = content_key(Spec(1))
    assert before is not None and before == content_key(Spec(1))
    module._source.cache_clear()
    source.write_text(text + "# changed\n")
    assert content_key(Spec(1)) != before


def test_the_key_is_the_same_in_every_process() -> None:
    script = (
        "from streamhw.content_key import content_key\n"
        "print(content_key({'a', 'b', 'c'}, frozenset({(1, 'x'), (2, 'y')})))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "7")
    }
    assert len(found) == 1 and "None" not in found.pop()
