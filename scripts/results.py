# SPDX-License-Identifier: Apache-2.0
"""What is measured: each result with its command, and the row of docs/results.md that it fills.

Usage: python scripts/results.py [--list] [--long] [--only NAME ...] [--page FILE]

A result is a command that fails if the claim does not hold, and prints figures. The script runs
commands and rewrites their rows, with date, commit and CPU; rows of other results stay as they
are. Results that take more than about two minutes are left out without --long or --only.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
MODULES = ("streamhw", "pytest")


@dataclass(frozen=True, kw_only=True)
class Result:
    """A claim and what shows it.

    name: of the row; what: the claim, with its bar; command: as one types it, without ``python
    -m``; patterns: regular expressions of its output, whose groups are the figures; cell: how the
    figures are written, by number; empty: all matches of the one pattern, one after the other;
    long: minutes, not seconds
    """

    name: str
    what: str
    command: str
    patterns: tuple[str, ...]
    cell: str = ""
    long: bool = False

    @property
    def arguments(self) -> list[str]:
        """The command for ``subprocess``."""
        words = shlex.split(self.command)
        return [sys.executable, *(["-m"] if words[0] in MODULES else []), *words]


PASSED = (r"(\d+) passed",)
U55C = "true shape, seeded random weights, HBM2 model, clock assumed"
RESULTS = (
    Result(
        name="main",
        what='gpt2-shakespeare, 48 tokens after "ROMEO.", W4A8, board `sim`',
        command='streamhw run gpt2-shakespeare --prompt "ROMEO." --tokens 48',
        patterns=(
            r"answer\W+\d+ tokens, ([\d,]+) cycles each",
            r"simulated\W+([\d,]+) cycles in",
            r"speed\W+([\d,]+) cycles/s",
        ),
        cell="{1} cycles; {0} a token; {2} cycles simulated a second",
    ),
    Result(
        name="streams",
        what="every stream equals the integer reference, beat by beat",
        command='streamhw run gpt2-shakespeare --prompt "ROMEO." --tokens 48 --check',
        patterns=(r"([\d,]+) beats of\s+(\d+) streams equal",),
        cell="{1} streams, {0} beats, all equal",
    ),
    Result(
        name="answers",
        what="tokens equal the integer reference: 10 prompts of 1 to 100 tokens, with stalls, too",
        command="pytest tests/e2e/test_answers.py",
        patterns=PASSED,
        cell="{0} tests pass",
        long=True,
    ),
    Result(
        name="loss",
        what="held-out loss of gpt2-shakespeare: float, fake quantization, integers",
        command="streamhw evaluate gpt2-shakespeare",
        patterns=(r"(W\dA8.*)",),
    ),
    Result(
        name="estimate",
        what="predicted cycles within 5 % of simulated ones",
        command="pytest tests/e2e/test_estimate.py --slow -s",
        patterns=(r"^(.*%)$",),
        long=True,
    ),
    Result(
        name="depths",
        what="FIFO depths, prompt of 100 and two tokens: within 1 % of unbounded FIFOs",
        command="pytest tests/e2e/test_depths.py --slow -s",
        patterns=(r"(.*cycles, .* bits of queues)",),
        long=True,
    ),
    Result(
        name="networks",
        what="1,000 random networks, simulated token by token: no deadlock, no cycle lost",
        command="pytest tests/compiler/fifo/test_network.py --slow -s -k all",
        patterns=(r"^\| (?!---|depths)(.*) \|$",),
    ),
    Result(
        name="halved",
        what="halved FIFOs of random networks cost cycles",
        command="pytest tests/compiler/fifo/test_network.py --slow -s -k halved",
        patterns=(r"(.*halved queues.*)",),
    ),
    Result(
        name="medium",
        what=f"GPT-2 Medium [32:32] on `u55c`, whole Verilog simulated; {U55C}",
        command="streamhw bench gpt2-medium --board u55c --in 32 --out 32 --simulate",
        patterns=(r"(.*\bsimulated\b.*)",),
        long=True,
    ),
    Result(
        name="gpt2",
        what=f"GPT-2 124M [32:32] on `u55c`, whole Verilog simulated; {U55C}",
        command="streamhw bench gpt2 --board u55c --in 32 --out 32 --simulate",
        patterns=(r"(.*\bsimulated\b.*)",),
        long=True,
    ),
    Result(
        name="medium-long",
        what="GPT-2 Medium [128:128] on `u55c`, predicted",
        command="streamhw bench gpt2-medium --board u55c --in 128 --out 128 --at 128,1000",
        patterns=(r"(.*\bpredicted\b.*)",),
        long=True,
    ),
    Result(
        name="gpt2-long",
        what="GPT-2 124M at contexts of 128 and 1,000 on `u55c`, predicted",
        command="streamhw bench gpt2 --board u55c --in 128 --out 128 --at 128,1000",
        patterns=(r"(.*\bpredicted\b.*)",),
        long=True,
    ),
    Result(
        name="speed",
        what="speed of simulations of GPT-2 124M for `u55c`, two threads",
        command="streamhw bench gpt2 --board u55c --in 2 --out 6 --simulate",
        patterns=(r"([\d,]+) cycles/s",),
        cell="{0} cycles/s",
        long=True,
    ),
    Result(
        name="cells",
        what="cells of GPT-2 Medium on `u55c`, estimate / Yosys",
        command="streamhw synth build/gpt2-medium-u55c",
        patterns=(r"(\btotal\b.*)", r"(\bboard has\b.*)"),
        cell="{0}; {1}",
        long=True,
    ),
    Result(
        name="ulx3s",
        what="cells of gpt2-shakespeare on `ulx3s`, estimate / Yosys",
        command="streamhw synth build/gpt2-shakespeare-ulx3s",
        patterns=(r"(\btotal\b.*)",),
        cell="{0}",
        long=True,
    ),
    Result(
        name="models",
        what="StreamTensor's four models for `u55c`: to Verilog below 60 s and 8 GiB; memory "
        "between kernels below 10 % of all intermediate tensors",
        command="scripts/paper_models.py",
        patterns=(r"^│ (?!model)(.*) │$",),
        long=True,
    ),
    Result(
        name="decode",
        what="StreamTensor's Qwen, Llama and Gemma shapes on `u55c` [32:32]: tokens within 1.3 "
        f"times their floor; head and two layers simulated, prediction within 5 %; {U55C}. "
        "StreamTensor publishes ratios to a GPU only, so that no quotient can be made",
        command="scripts/paper_decode.py --simulate",
        patterns=(r"^(\S+: .*)$",),
        long=True,
    ),
    Result(
        name="bitstream",
        what="gpt2-shakespeare with SDRAM controller and UART, placed and routed for `ulx3s`",
        command="streamhw build gpt2-shakespeare --board ulx3s --bitstream",
        patterns=(r"(\bsync\b.*)", r"(\bsdram\b.*)", r"(\bLUT\b.*%)", r"(longest path.*)"),
        cell="{0}; {1}; {2}; {3}",
        long=True,
    ),
    Result(
        name="compile",
        what="compiling StreamTensor's four models for `u55c`, user CPU seconds against commit "
        "93fa277: build and Verilog at most half, Verilog from the cache a tenth, below 2 GiB",
        command="scripts/compile_times.py gpt2-medium qwen2.5-0.5b tinyllama-1.1b=llama-1.1b "
        "gemma3-1b --before ../streamhw-93fa277",
        patterns=(r"^(\S+ cold: .*|\S+: build .*)$",),
        long=True,
    ),
    Result(
        name="explored",
        what="20 explored designs within 5 %; the best design against the default rule, simulated",
        command="pytest tests/e2e/test_explored.py --slow -s",
        patterns=(r"(.*%.*)",),
        long=True,
    ),
    Result(
        name="fusion",
        what="optimal fusion is never worse than the greedy one on 200 random graphs",
        command="pytest tests/compiler/fusion/test_choose.py -s",
        patterns=(r"(better than greedy in \d+ of \d+ graphs)",),
    ),
    Result(
        name="converters",
        what="layout converters of gpt2-shakespeare: bits / ping-pong, bits / peak live elements",
        command="streamhw build gpt2-shakespeare --stop convert -o build/converters",
        patterns=(r"\d+ converters\D.*?([\d.]+) +│ +([\d.]+) *│?$",),
        cell="{0} / {1}",
    ),
    Result(
        name="figure-5",
        what="Figure 5 of StreamTensor: 8x2, one shared loop; 16x64, four times; peak live exact",
        command="pytest tests/stream/converter",
        patterns=PASSED,
        cell="{0} tests pass",
    ),
    Result(
        name="types",
        what="the algebra of types equals enumeration for 10,000 random types",
        command="pytest tests/stream/itensor",
        patterns=PASSED,
        cell="{0} tests pass",
    ),
    Result(
        name="program",
        what="the FIFO program equals brute force on 200 random graphs of up to six streams",
        command="pytest tests/compiler/fifo/test_linear_program.py -s -k brute_force",
        patterns=PASSED,
        cell="{0} tests pass",
    ),
    Result(
        name="sizing",
        what="a whole model is sized in less than a second",
        command="pytest tests/compiler/sizing/test_stage.py -s -k less_than_a_second",
        patterns=(r"(\d+ streams in [\d.]+ s)",),
        cell="{0}",
    ),
    Result(
        name="emitted",
        what="emitted Verilog: Verilator without warnings, Icarus, Yosys `check -assert`",
        command="pytest tests/e2e/test_emitted.py --slow",
        patterns=PASSED,
        cell="{0} tests pass",
        long=True,
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    names = [result.name for result in RESULTS]
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, default=[])
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--long", action="store_true", help="also what takes minutes")
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE", help="rewrite this page")
    chosen = parser.parse_args()
    if chosen.list:
        print("\n".join(f"{r.name:12} {r.what}\n{'':12} {r.command}" for r in RESULTS))
        return 0
    good = True
    for result in RESULTS:
        if result.name not in chosen.only and (chosen.only or (result.long and not chosen.long)):
            continue
        print(f"{result.name}: {result.command}", flush=True)
        begin = time.monotonic()
        output = run(result)
        figures = None if output is None else figures_of(result, output)
        if figures is None:
            print("  does not hold, or prints no figures", flush=True)
            good = False
            continue
        print(f"  {figures}", flush=True)
        row = row_of(result, figures, f"{where()}, {time.monotonic() - begin:.0f} s")
        chosen.page.write_text(with_row(chosen.page.read_text(), result.name, row))
    return 0 if good else 1


def run(result: Result) -> str | None:
    """What the command prints; ``None`` if it fails."""
    wide = {**os.environ, "COLUMNS": "200"}
    answer = subprocess.run(
        result.arguments, cwd=ROOT, env=wide, capture_output=True, text=True, check=False
    )
    return answer.stdout if answer.returncode == 0 else None


def figures_of(result: Result, output: str) -> str | None:
    """The figures in an output, as they stand in the row; ``None`` if one is not there."""
    if not result.cell:
        lines = re.findall(result.patterns[0], output, re.MULTILINE)
        return "; ".join(map(_plain, lines)) or None
    found: list[str] = []
    for pattern in result.patterns:
        match = re.search(pattern, output, re.MULTILINE)
        if match is None:
            return None
        found.extend(map(_plain, match.groups()))
    return result.cell.format(*found)


def _plain(text: str) -> str:
    """A line of a table or of a log as part of a cell in Markdown."""
    return re.sub(r"\s+", " ", re.sub(r"\s*[│┃|]\s*", " / ", text.strip(" │┃|")))


def where() -> str:
    """Day, commit and CPU of this run."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{date.today()}, {commit}, {cpu[1] if cpu else 'CPU unknown'}"


def row_of(result: Result, figures: str, measured: str) -> str:
    """The row of the page."""
    return f"| {result.name} | {result.what} | {figures} | `{result.command}` | {measured} |"


def rows_of(page: str) -> dict[str, str]:
    """Rows between the markers, by name."""
    lines = page[page.index(BEGIN) : page.index(END)].splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| ---")][1:]
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows}


def with_row(page: str, name: str, row: str) -> str:
    """The page with one row in place of the one of that name."""
    return page.replace(rows_of(page)[name], row)


if __name__ == "__main__":
    sys.exit(main())
