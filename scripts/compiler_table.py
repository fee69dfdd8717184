# SPDX-License-Identifier: Apache-2.0
"""Table of what the compiler claims: each claim with its bar, its command, and what came out now.

Usage: python scripts/compiler_table.py [--list] [--long] [--markdown FILE] [NAME ...]

A claim is a command that fails if the claim does not hold, and prints the figures. Those that take
more than about two minutes are left out without --long.
"""

import argparse
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """name, bar: what is claimed, and from where on it counts as met; command: without the
    interpreter; figures: lines of its output that are worth a table; long: minutes, not seconds
    """

    name: str
    bar: str
    command: str
    figures: str
    long: bool = False


CLAIMS = (
    Claim(
        name="models",
        bar="four paper models to Verilog below 60 s, 8 GiB; memory between kernels below 10 %",
        command="scripts/paper_models.py",
        figures=r"^│ (?!model)(.*) │$",
        long=True,
    ),
    Claim(
        name="types",
        bar="algebra of types equals enumeration for 10,000 random types",
        command="-m pytest tests/stream/itensor",
        figures=r"passed",
    ),
    Claim(
        name="converters",
        bar="Figure 5: 8x2, one shared loop; 64x64 in 16x16: 16x64, four times; peak live exact",
        command="-m pytest tests/stream/converter",
        figures=r"passed",
    ),
    Claim(
        name="fusion",
        bar="the optimal fusion is never worse than the greedy one on 200 random graphs",
        command="-m pytest tests/compiler/fusion/test_groupings.py -s",
        figures=r"better",
    ),
    Claim(
        name="program",
        bar="the FIFO program equals brute force on 200 random graphs of up to six streams",
        command="-m pytest tests/compiler/fifo/test_linear_program.py -s -k brute_force",
        figures=r"passed",
    ),
    Claim(
        name="networks",
        bar="1,000 random networks: no deadlock, no stall by depth; beside the published program",
        command="-m pytest tests/compiler/fifo/test_networks.py --slow -s -k all",
        figures=r"^\| (?!---|depths)(.*) \|$|halved|runs of",
    ),
    Claim(
        name="sizing",
        bar="a whole model is sized in less than a second",
        command="-m pytest tests/compiler/sizing/test_stage.py -s -k less_than_a_second",
        figures=r"streams in",
    ),
    Claim(
        name="depths",
        bar="cycles with the program's depths within 1 % of unbounded FIFOs; conservative ones",
        command="-m pytest tests/e2e/test_depths.py --slow -s",
        figures=r"cycles, .* bits of queues",
        long=True,
    ),
    Claim(
        name="estimate",
        bar="predicted cycles within 5 % of simulated ones",
        command="-m pytest tests/e2e/test_estimate.py --slow -s",
        figures=r"%$",
        long=True,
    ),
    Claim(
        name="explored",
        bar="20 explored designs within 5 %; the best one beats the default rule in simulation",
        command="-m pytest tests/e2e/test_explored.py --slow -s",
        figures=r"%",
        long=True,
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    names = [claim.name for claim in CLAIMS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--long", action="store_true", help="also what takes minutes")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table here, too")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(names):
        parser.error(f"claims must be of {', '.join(names)}, not {', '.join(sorted(unknown))}")
    claims = [c for c in CLAIMS if (c.name in chosen.names if chosen.names else True)]
    if chosen.list:
        print("\n".join(f"{c.name:10} {c.bar}\n{'':10} python {c.command}" for c in claims))
        return 0
    rows = ["| claim | bar | holds | figures | command | seconds |", "| - | - | - | - | - | - |"]
    good = True
    for claim in claims:
        if claim.long and not (chosen.long or chosen.names):
            continue
        print(f"{claim.name}: python {claim.command}", flush=True)
        begin = time.monotonic()
        holds, figures = measured(claim)
        good &= holds
        cells = (claim.name, claim.bar, "yes" if holds else "NO", "<br>".join(figures))
        seconds = f"{time.monotonic() - begin:.0f}"
        rows.append(f"| {' | '.join(cells)} | `python {claim.command}` | {seconds} |")
    text = "\n".join(rows) + "\n"
    print(text)
    if chosen.markdown is not None:
        chosen.markdown.write_text(text)
    return 0 if good else 1


def measured(claim: Claim) -> tuple[bool, Sequence[str]]:
    """Whether the claim's command succeeds, and the figures that it prints."""
    command = [sys.executable, *shlex.split(claim.command)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = []
    for line in answer.stdout.splitlines():
        if match := re.search(claim.figures, line.strip()):
            found.append((match[1] if match.lastindex else line.strip()).replace("|", "/"))
    return answer.returncode == 0, found


if __name__ == "__main__":
    sys.exit(main())
