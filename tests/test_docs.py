# SPDX-License-Identifier: Apache-2.0
"""The documentation is true: its code runs, dumps and excerpts are real, errors complete."""

import ast
import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DUMP = re.compile(r"^<!-- dump: (\w+) -->\n((?:    .*\n|\n(?=    ))+)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)\)")
CLASSES = ("UserError", "BuildError", "DoesNotFitError", "ToolError")


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """Python blocks with the number of their first line."""
    for match in BLOCK.finditer(text):
        yield text.count("\n", 0, match.start(1)) + 1, match[1]


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.stem)
def test_code_runs(file: Path) -> None:
    """Blocks of a page run one after another in one namespace; a block that begins with a file's
    name is an excerpt of that file."""
    names: dict[str, object] = {"__name__": file.stem}
    for line, code in blocks(file.read_text()):
        first, _, rest = code.partition("\n")
        if first.startswith("# ") and first.endswith(".py"):
            assert rest in (ROOT / first.removeprefix("# ")).read_text(), f"{file.name}:{line}"
        elif ">>> " in code:
            test = doctest.DocTestParser().get_doctest(code, names, file.name, str(file), line)
            runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
            result = runner.run(test, clear_globs=False)
            assert result.failed == 0 and result.attempted > 0
        else:
            # Padding makes tracebacks show the page's own line numbers.
            exec(compile("\n" * (line - 1) + code, str(file), "exec"), names)


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.stem)
def test_dumps_are_recorded_ones(file: Path) -> None:
    text = file.read_text()
    found = DUMP.findall(text)
    assert len(found) == text.count("<!-- dump:")
    for name, block in found:
        lines = "".join(line[4:] + "\n" for line in block.rstrip().splitlines())
        assert lines in (ROOT / "tests/compiler/dumps" / f"{name}.txt").read_text(), lines


@pytest.mark.parametrize("file", [*DOCS, ROOT / "README.md"], ids=lambda file: file.stem)
def test_links_lead_somewhere(file: Path) -> None:
    for target in LINK.findall(file.read_text()):
        assert "://" in target or (file.parent / target).exists(), target


def raised(file: Path) -> Iterator[str]:
    """Texts of the errors that a file raises, with … for what is filled in."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
            continue
        if getattr(node.exc.func, "id", "") not in CLASSES:
            continue
        text = node.exc.args[0]
        if isinstance(text, ast.JoinedStr):
            yield "".join(p.value if isinstance(p, ast.Constant) else "…" for p in text.values)
        elif isinstance(text, ast.Constant):
            yield text.value


def test_every_error_is_explained() -> None:
    page = (ROOT / "docs" / "errors.md").read_text()
    files = [f for root in ("streamhw", "sim", "boards") for f in (ROOT / root).rglob("*.py")]
    texts = {text for file in files for text in raised(file)}
    assert len(texts) > 50
    missing = sorted(text for text in texts if f"| `{text}` |" not in page)
    assert not missing, "add a line to docs/errors.md for each"


def test_no_error_is_explained_that_is_not_raised() -> None:
    page = (ROOT / "docs" / "errors.md").read_text()
    files = [f for root in ("streamhw", "sim", "boards") for f in (ROOT / root).rglob("*.py")]
    texts = {text for file in files for text in raised(file)}
    told = page[page.index("## What was typed") : page.index("## Faults")]
    for text in re.findall(r"^\| `(.*?)` \| [^|]*\|$", told, re.MULTILINE):
        assert text in texts, text


def test_evaluation_lists_every_claim() -> None:
    script = run_path(str(ROOT / "scripts" / "compiler_table.py"))
    page = (ROOT / "docs" / "evaluation.md").read_text()
    for claim in script["CLAIMS"]:
        command = claim.command.removeprefix("-m ")
        assert f"| {claim.name} |" in page and f"`{command}`" in page, command
