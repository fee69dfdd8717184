# SPDX-License-Identifier: Apache-2.0
"""Imports between files and folders of the package: none in a circle, not for type checking."""

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[1]
SOURCES = {"streamhw": "streamhw", "sim": "streamhw.sim", "boards": "streamhw.boards"}
"""Folders of the repository, and the packages that they are."""

ROOTS = ("streamhw", "streamhw.compiler")
"""Folders whose own files are above and below the folders in them: each stands for itself."""


def modules() -> dict[str, Path]:
    """All modules of the package by name; a package is named as its folder."""
    found = {}
    for folder, package in SOURCES.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT / folder).with_suffix("").parts
            if (ROOT / folder / parts[0]).is_symlink():
                continue
            inner = parts[:-1] if parts[-1] == "__init__" else parts
            found[".".join((package, *inner))] = file
    return found


def imports_of(name: str, file: Path, known: set[str]) -> Iterator[str]:
    """Modules of the package that a module names in any import, wherever that stands."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            source = ".".join((*base, node.module) if node.module else base)
            source = source if node.level else node.module or ""
            for alias in node.names:
                inside = f"{source}.{alias.name}"
                if inside in known:
                    yield inside
                elif source in known:
                    yield source


def files_graph() -> nx.DiGraph:
    """An arrow for each import of one module by another."""
    found = modules()
    graph = nx.DiGraph()
    graph.add_nodes_from(found)
    for name, file in found.items():
        graph.add_edges_from((name, other) for other in imports_of(name, file, set(found)))
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    return graph


def folder_of(name: str, file: Path) -> str:
    """The folder of a module; files of ``ROOTS`` stand for themselves."""
    folder = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return name if folder in ROOTS else folder


def folders_graph() -> nx.DiGraph:
    """An arrow for each import of a file in one folder by a file in another."""
    folders = {name: folder_of(name, file) for name, file in modules().items()}
    graph = nx.DiGraph()
    graph.add_edges_from((folders[a], folders[b]) for a, b in files_graph().edges)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    return graph


def circles(graph: nx.DiGraph) -> list[list[str]]:
    return [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]


def test_no_circle_between_files() -> None:
    assert circles(files_graph()) == []


def test_no_circle_between_folders() -> None:
    assert circles(folders_graph()) == []


def test_imports_under_type_checking_count(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from ..b.c import D\n"
        "def late():\n    from . import e\n"
    )
    known = {"p.a.a", "p.a.e", "p.b.c"}
    assert list(imports_of("p.a.a", file, known)) == ["p.b.c", "p.a.e"]


def test_every_source_folder_is_seen() -> None:
    found = modules()
    assert {"streamhw.errors", "streamhw.sim.device", "streamhw.boards.base"} <= set(found)
    assert files_graph().has_edge("streamhw.sim.device", "streamhw.runtime.device")
