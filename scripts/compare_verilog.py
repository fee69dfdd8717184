# SPDX-License-Identifier: Apache-2.0
"""Builds models with two commits and says whether their Verilog is equal, and what each build took.

    python scripts/compare_verilog.py OLD NEW gpt2-shakespeare@sim gpt2@u55c
    python scripts/compare_verilog.py HEAD~1 HEAD gpt2@u55c --renamed places=slots

Each commit is checked out into a worktree of its own and imported from there; each build begins
with an empty cache, or with --warm is the second of two. The exit code is 1 if any text differs.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINKED = ("sim", "boards")
"""Folders beside the package that are parts of it."""
SHOWN = 120
"""Characters of a line that differs."""
IDENTITY = re.compile(r"\nmodule build_identity\(.*?endmodule\n", re.DOTALL)
"""The module that holds the digest of the others: with renamed nets it must differ."""
OWN = re.compile(r"(?<=\$)\d+\b|\b_\d+_\b")
"""Numbers in names that Yosys makes."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished build: the Verilog, the user's CPU seconds, and the bytes of memory at most."""

    verilog: str
    seconds: float
    memory: int


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old", help="a commit")
    parser.add_argument("new", help="a commit")
    parser.add_argument("builds", nargs="+", metavar="MODEL@BOARD")
    parser.add_argument(
        "--renamed", action="append", default=[], metavar="OLD=NEW",
        help="an identifier, or a part between underscores, that the new commit writes in another "
        "way",
    )  # fmt: skip
    parser.add_argument("--warm", action="store_true", help="build twice, and measure the second")
    options = parser.parse_args(arguments)
    renamed = dict(pair.split("=", 1) for pair in options.renamed)
    differing = 0
    with tempfile.TemporaryDirectory(prefix="compare-verilog-") as name:
        work = Path(name)
        trees = [work / "old", work / "new"]
        try:
            for tree, commit in zip(trees, (options.old, options.new), strict=True):
                check_out(commit, tree)
            print(f"{'build':32} {'CPU s':>15} {'peak MB':>15}  Verilog")
            for each in options.builds:
                model, _, board = each.partition("@")
                old, new = (build(tree, model, board, warm=options.warm) for tree in trees)
                difference = first_difference(old.verilog, new.verilog, renamed)
                differing += difference is not None
                print(
                    f"{each:32} {old.seconds:7.1f} {new.seconds:7.1f} "
                    f"{old.memory / 1e6:7.0f} {new.memory / 1e6:7.0f}  {difference or 'equal'}",
                    flush=True,
                )
        finally:
            for tree in trees:
                git("worktree", "remove", "--force", str(tree), check=False)
    return 1 if differing else 0


def check_out(commit: str, tree: Path) -> None:
    """A worktree of a commit from which ``streamhw`` can be imported."""
    git("worktree", "add", "--detach", str(tree), commit)
    for name in LINKED:
        if not (tree / "streamhw" / name).exists():
            (tree / "streamhw" / name).symlink_to(tree / name)


def build(tree: Path, model: str, board: str, *, warm: bool) -> Run:
    """Builds with the code of a worktree."""
    output = tree / "compared"
    with tempfile.TemporaryDirectory(prefix="cache-") as cache:
        environment = {**os.environ, "PYTHONPATH": str(tree), "STREAMHW_CACHE": cache}
        command = [sys.executable, "-m", "streamhw", "build", model, "--board", board]
        for _ in range(1 + warm):
            process = subprocess.Popen(
                [*command, "-o", str(output)], cwd=tree, env=environment,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            assert process.stdout is not None
            said = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise SystemExit(f"Build of {model} for {board} in {tree} failed:\n{said}")
    return Run(
        verilog=(output / "top.v").read_text(),
        seconds=used.ru_utime,
        memory=used.ru_maxrss * 1024,
    )


def first_difference(old: str, new: str, renamed: dict[str, str]) -> str | None:
    """Where two texts differ first, apart from renamed identifiers; None if nowhere.

    Yosys sorts modules, declarations and ports by name, and numbers its own names: with renamed
    identifiers each module must have the same lines, in any order, apart from these numbers.
    """
    if renamed:
        names = "|".join(map(re.escape, sorted(renamed, key=len, reverse=True)))
        word = re.compile(rf"(?<![A-Za-z0-9$])(?:{names})(?![A-Za-z0-9$])")
        old = _in_order(word.sub(lambda found: renamed[found[0]], old))
        new = _in_order(new)
    if old == new:
        return None
    for number, (one, other) in enumerate(zip_longest(old.split("\n"), new.split("\n")), 1):
        if one != other:
            return f"line {number}: {_shown(one)} became {_shown(other)}"
    return None


def _in_order(text: str) -> str:
    """Modules sorted, and their lines and ports, without the numbers of Yosys."""
    modules = IDENTITY.sub("\n", text).split("\nendmodule\n")
    return "\n".join(sorted("\n".join(sorted(_lines(module))) for module in modules))


def _lines(module: str) -> Iterator[str]:
    for line in OWN.sub("0", module).split("\n"):
        head, bracket, ports = line.partition("(")
        if line.startswith("module "):
            ports = ", ".join(sorted(ports.removesuffix(");").split(", ")))
        yield f"{head}{bracket}{ports}".strip().rstrip(",")


def _shown(line: str | None) -> str:
    return "nothing" if line is None else repr(line.strip()[:SHOWN])


def git(*arguments: str, check: bool = True) -> None:
    subprocess.run(["git", "-C", str(ROOT), *arguments], check=check, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
