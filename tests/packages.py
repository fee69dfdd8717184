# SPDX-License-Identifier: Apache-2.0
"""Packages outside streamhw, as if pip had installed them."""

import shutil
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

__all__ = ["install", "install_example"]


def install(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, module: str, **groups: str
) -> None:
    """Puts a package with one module of its name on the path for the rest of a test.

    module: its text; groups: entry points, ``key = module:name`` lines by the group's last word
    """
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{name}.py").write_text(dedent(module))
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    points = "".join(f"[streamhw.{group}]\n{lines}\n" for group, lines in groups.items())
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, name, raising=False)


def install_example(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str) -> None:
    """Puts a package of docs/examples on the path, with the entry points of its pyproject.toml."""
    source = Path(__file__).parents[1] / "docs" / "examples" / name
    project = tomllib.loads((source / "pyproject.toml").read_text())
    tools = project["tool"]["setuptools"]
    for package in tools.get("packages", ()):
        shutil.copytree(source / package, folder / package)
        monkeypatch.delitem(sys.modules, package, raising=False)
    for module in tools.get("py-modules", ()):
        shutil.copy(source / f"{module}.py", folder)
        monkeypatch.delitem(sys.modules, module, raising=False)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    title = project["project"]["name"]
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {title}\nVersion: 1.0\n")
    points = "".join(
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())
        for group, lines in project["project"]["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(folder)
