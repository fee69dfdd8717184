# SPDX-License-Identifier: Apache-2.0
"""The documentation is true: its code runs, dumps and excerpts are real, errors complete."""

import ast
import contextlib
import doctest
import re
import shlex
import tokenize
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path

import pytest

from streamhw.__main__ import parser

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DUMP = re.compile(r"^<!-- dump: (\w+) -->\n((?:    .*\n|\n(?=    ))+)", re.MULTILINE)
FOLDERS = "streamhw|tests|scripts|sim|boards|docs"
LINK = re.compile(r"\]\(([^)#]+)\)")
FRONT = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
WIDTH = 120
MEASURED = r"\d{4}-\d\d-\d\d, [0-9a-f]{7,}, .+"
PRIVATE = {
    r"\bdeal(s|t|ing)?\b": "parameter routing, or sends",
    r"\bplumbing\b": "infrastructure",
    r"\bcircles? of\b|\b(a|no|the) circle\b": "dependency cycle, as of a wait-for graph",
    r"\babreast\b|\bside by side\b": "parallel",
    r"\bbubbles?\b": "idle cycles",
    r"\bhops?\b": "FIFO latency, or streams",
    r"\bturned\b": "rotated",
    r"\bdistributors?\b": "demultiplexer",
    r"\blive[- ]sets?\b": "peak live elements",
    r"\bread(s|ing)?[- ]ahead\b": "prefetch",
    r"\broofs?\b": "roofline",
    r"\bheaders? of (a |the )?(tile|matri)": "tile scales",
    r"\bgroups? of tokens\b|\btokens of a group\b": "token batch",
    r"\bfolded (queue|FIFO)": "elided",
    r"\bbits per token\b": "beat bits: a token is one of the language model",
}
"""Words that only this project used, and the field's word for each."""
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


def test_results_have_a_row_for_each_command() -> None:
    script = run_path(str(ROOT / "scripts" / "results.py"))
    rows = script["rows_of"]((ROOT / "docs" / "results.md").read_text())
    assert list(rows) == [result.name for result in script["RESULTS"]]
    for result in script["RESULTS"]:
        name, what, figures, command, measured = rows[result.name].strip("| ").split(" | ")
        assert (name, what, command) == (result.name, result.what, f"`{result.command}`")
        assert figures and re.fullmatch(MEASURED, measured), measured


def test_results_are_of_files_that_exist() -> None:
    for result in run_path(str(ROOT / "scripts" / "results.py"))["RESULTS"]:
        for word in result.command.split():
            assert not word.startswith(("tests/", "scripts/")) or (ROOT / word).exists(), word


def test_readme_has_figures_of_the_results() -> None:
    """At most ten rows; each number stands in the row of results that it names."""
    script = run_path(str(ROOT / "scripts" / "results.py"))
    results = script["rows_of"]((ROOT / "docs" / "results.md").read_text())
    text = (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| (.*) \| (.*) \| (.*) \|$", text[text.index("## Ten figures") :], re.M)[
        2:
    ]
    assert 5 <= len(rows) <= 10
    for _, figures, name in rows:
        for number in re.findall(r"\d[\d,.]*\d", figures):
            assert number in results[name], f"{number} of {name}"


@pytest.mark.parametrize("file", [*DOCS, *FRONT], ids=lambda file: file.stem)
def test_lines_are_short(file: Path) -> None:
    """Rows of tables cannot be cut, and what one copies to a shell should not be."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        free = line.startswith("|") or line.startswith("    python3 -m venv ")
        assert free or len(line) <= WIDTH, f"{file.name}:{number}"


@pytest.mark.parametrize("file", [*DOCS, *FRONT], ids=lambda file: file.stem)
def test_files_that_are_named_exist(file: Path) -> None:
    if file.stem == "CHANGELOG":
        return  # it names what was
    text = BLOCK.sub("", file.read_text())
    for path in re.findall(rf"(?<![\w./-])(?:{FOLDERS})/[\w./-]*\w", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("file", [*DOCS, ROOT / "README.md"], ids=lambda file: file.stem)
def test_commands_can_be_typed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What pages say to type is taken by the parser; a mere name must be that of a command."""
    for match in re.findall(r"python -m streamhw( [a-z]+[^`#|\n]*)", file.read_text()):
        words = shlex.split(match.replace("[", " ").replace("]", " "))
        with pytest.raises(SystemExit) if len(words) == 1 else contextlib.nullcontext():
            parser().parse_args([*words, "--help"] if len(words) == 1 else words)
        assert "invalid choice" not in capsys.readouterr().err, match


def test_walks_name_what_is_there() -> None:
    """Files without a folder are in one that the same walk names, and so are functions."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    walks = text[text.index("## Walks") :].split("\n\n")[1:]
    assert len(walks) >= 8
    for walk in walks:
        names = re.findall(r"`([^`]+)`", walk)
        folders = [ROOT / name for name in names if (ROOT / name).is_dir()]
        files = [ROOT / name for name in names if (ROOT / name).is_file()]
        folders += [file.parent for file in files]
        for name in names:
            if "/" not in name and name.endswith(".py"):
                found = [folder / name for folder in folders if (folder / name).is_file()]
                assert found, f"{name} of: {walk}"
                files += found
        code = "".join(file.read_text() for file in files)
        for name in names:
            if name.isidentifier():
                assert re.search(rf"(def|class) {name}\b", code), f"{name} of: {walk}"


@pytest.mark.parametrize("file", [*DOCS, *FRONT], ids=lambda file: file.stem)
def test_pages_have_words_of_the_field(file: Path) -> None:
    if file.stem == "CHANGELOG":
        return  # it names what was
    text = re.sub(r"^```.*?^```$", "", file.read_text(), flags=re.M | re.S)
    prose = re.sub(r"`[^`]*`", "", text)
    for pattern, word in PRIVATE.items():
        found = re.search(pattern, prose, re.IGNORECASE)
        assert found is None, f"{found and found[0]}: say {word}"


def shown(file: Path) -> Iterator[str]:
    """Texts in a file of the command line or of reports that are no documentation."""
    tree = ast.parse(file.read_text())
    docs = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docs:
            yield node.value


def test_what_users_see_has_words_of_the_field() -> None:
    folders = ("cli", "commands", "report", "synthesis")
    files = [f for name in folders for f in (ROOT / "streamhw" / name).rglob("*.py")]
    every = [f for root in ("streamhw", "sim", "boards") for f in (ROOT / root).rglob("*.py")]
    texts = [text for file in files for text in shown(file)]
    texts += [text for file in every for text in raised(file)]
    assert len(texts) > 500
    for pattern, word in PRIVATE.items():
        found = [text for text in texts if re.search(pattern, text, re.IGNORECASE)]
        assert not found, f"{found}: say {word}"


def told(file: Path) -> Iterator[tuple[int, str]]:
    """Comments and strings of a module, with their lines."""
    with file.open("rb") as text:
        for token in tokenize.tokenize(text.readline):
            if token.type == tokenize.COMMENT or "STRING" in tokenize.tok_name[token.type]:
                yield token.start[0], token.string


@pytest.mark.parametrize("root", ["streamhw", "sim", "boards", "scripts"])
def test_comments_have_words_of_the_field(root: str) -> None:
    for file in sorted((ROOT / root).rglob("*.py")):
        for line, text in told(file):
            for pattern, word in PRIVATE.items():
                found = re.search(pattern, text, re.IGNORECASE)
                assert found is None, f"{file}:{line}: {found and found[0]}: say {word}"


def test_figures_are_current() -> None:
    figures = run_path(str(ROOT / "scripts" / "draw_architecture.py"))["figures"]()
    for name, text in figures.items():
        file = ROOT / "docs" / "figures" / name
        assert file.read_text() == text, "run python scripts/draw_architecture.py"
