# SPDX-License-Identifier: Apache-2.0
"""Importing the package and asking for help load nothing heavy: both are quick on any machine."""

import subprocess
import sys

import pytest

import streamhw

HEAVY = ("amaranth", "scipy", "numpy", "optuna", "tokenizers", "networkx", "safetensors", "rich")
"""Packages that take more than a few milliseconds."""
TOLD = "print(*(name for name in {heavy} if name in sys.modules))"


def loaded(code: str) -> set[str]:
    """The heavy packages that are there after the code has run in a Python of its own."""
    told = TOLD.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{told}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_import_loads_nothing() -> None:
    assert loaded("import streamhw") == set()


@pytest.mark.parametrize("command", [(), ("build",), ("explore",), ("list",)])
def test_help_loads_nothing(command: tuple[str, ...]) -> None:
    arguments = [*command, "--help"]
    code = f"""
from streamhw.__main__ import main
try:
    main({arguments})
except SystemExit:
    pass
print()
"""
    assert loaded(code) <= {"rich"}


def test_list_loads_no_solver() -> None:
    code = "from streamhw.__main__ import main\nmain(['list', 'boards'])\nprint()"
    assert not loaded(code) & {"amaranth", "scipy", "optuna"}


def test_a_list_of_everything_loads_no_solver() -> None:
    code = "from streamhw.__main__ import main\nmain(['list'])\nprint()"
    assert not loaded(code) & {"scipy", "optuna"}


def test_every_public_name_is_there() -> None:
    assert set(dir(streamhw)) == set(streamhw.__all__)
    for name in streamhw.__all__:
        value = getattr(streamhw, name)
        assert value.__doc__ if callable(value) else isinstance(value, str), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = streamhw.nothing  # type: ignore[attr-defined]
