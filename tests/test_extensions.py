# SPDX-License-Identifier: Apache-2.0
"""Entry points of installed packages: found, and refused in one sentence that names the package."""

from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.extensions import extension_files, extensions
from streamhw.numerics.functions import ElementwiseFunction, function_named, functions
from tests.packages import install

CUBE = """
from streamhw.numerics.functions import ElementwiseFunction

def cube(x):
    return x * x * x

CUBE = ElementwiseFunction(name={name!r}, real=cube)
"""


def test_an_installed_function(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = set(functions())
    install(monkeypatch, tmp_path, "cubes", CUBE.format(name="cube"), function="c = cubes:CUBE")
    assert set(functions()) == before | {"cube"}
    assert function_named("cube").real(3) == 27  # type: ignore[arg-type]  # one number will do
    (found,) = extensions("streamhw.function", ElementwiseFunction)
    assert (found.name, found.package, found.value.name) == ("c", "cubes", "cube")


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("import nowhere_at_all", "must load, not fail with ModuleNotFoundError: No module named"),
        ("1 / 0", "must load, not fail with ZeroDivisionError: division by zero"),
        ("", "must load, not fail with AttributeError"),
        ("F = 3", "must be of type ElementwiseFunction, not int"),
    ],
)
def test_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, message: str) -> None:
    install(monkeypatch, tmp_path, "broken", module, function="f = broken:F")
    with pytest.raises(UserError, match=f"^Entry point f of package broken {message}") as caught:
        functions()
    assert caught.value.hint == "mend or remove broken"


def test_two_of_one_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "again", CUBE.format(name="silu"), function="c = again:CUBE")
    with pytest.raises(
        UserError, match=r"^Function silu must come from one package, not from streamhw and again$"
    ):
        functions()


def test_files_of_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are part of what a build follows from; a broken one is only read."""
    before = extension_files()
    install(monkeypatch, tmp_path, "failing", "1 / 0", board="b = failing:B", memory="m = gone:M")
    assert set(extension_files()) - set(before) == {tmp_path / "failing.py"}
