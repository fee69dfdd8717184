# SPDX-License-Identifier: Apache-2.0
"""Board files, legal and absurd: each builds a tiny model, or is refused in a sentence.

Usage: python scripts/board_files.py [--count 200] [--first 0] [--seed 0] [--simulate 20]

File number N is the same in every call. Every other one is legal; in the rest one value is not what
a board must have, or the file is no Python. A line for each: `equal` (simulated, each token and
stream equal to the integer reference), `ok` (built), `refused` with the sentence, or `FAULT`. A
legal one may be refused only for what does not fit. Returns 1 if there was a fault.
"""

import argparse
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

import streamhw
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.errors import DoesNotFitError, UserError
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.frontend.model import Model, Origin
from streamhw.frontend.weights import RandomWeights

CONFIG = Gpt2Config(layers=2, features=32, heads=2, vocabulary=40, context=16, hidden=64)

HEAD = """\
from math import inf, nan

from streamhw.boards.base import Board, Budget, Die, Family, MemoryPort
from streamhw.boards.memory.hbm2 import Hbm2
from streamhw.boards.memory.ideal import IDEAL
from streamhw.boards.target import DesignTarget

"""

ABSURD = ("None", "True", "-1", "0", "1", "48", "1.5", "nan", "inf", "-inf", "1e30", "10**30")
ABSURD += ("'x'", "''", "'a\\nb'", "'[/x]'", "b'x'", "1j", "()", "[]", "{}")
ABSURD += ("object()", "Board", "lambda: 1")

BROKEN = (
    "BOARD = None",
    "BOARD = Board()",
    "BOARD = 3 +",
    "raise SystemExit(0)",
    "import nothing_of_that_name",
    "def f():\nreturn 1",
    "BOARD = Board",
    "",
    "\x00",
    "BOARD = (lambda: 1 / 0)()",
)

Fields = dict[str, str]


def legal(pick: random.Random) -> Fields:
    """Values of a board that must be taken, by their paths."""
    ports = pick.choice((1, 1, 1, 2, 3, 4))
    width = pick.choice((32, 64, 128, 256, 512))
    striped = ports in (2, 4) and pick.random() < 0.5
    token_lanes = pick.choice((1, 1, 2, 4))
    found = {
        "name": repr(pick.choice(("mine", "My board", "b-1", "x" * 60, "größe", "[/x]"))),
        "title": repr(pick.choice(("Mine", "A board (of mine)", "[red]x"))),
        "part": repr(pick.choice(("LFE5U-25F", "xc7", "?"))),
        "family": pick.choice(("Family.ECP5", "Family.ULTRASCALE_PLUS")),
        "clock_mhz": pick.choice(("50", "0.1", "250.0", "1e4")),
        "memory_bytes": pick.choice(("1 << 20", "1 << 25", "10**9", "1 << 34")),
        "striped": str(striped),
        "paired": str(pick.random() < 0.3),
        "memory": pick.choice(("Hbm2()", "IDEAL", "IDEAL")),
        "target.multipliers": pick.choice(("8", "16", "32", "64")),
        "target.token_batch": pick.choice(("2", "3", "4", "8", "16")),
        "target.lanes": pick.choice(("1", "2", "3", "4", "8")),
        "target.token_lanes": str(token_lanes),
        "target.fabric_lanes": str(pick.randrange(token_lanes + 1)),
        "target.prefetch": pick.choice(("16", "17", "512", "5000")),
        "target.cache_buffer": pick.choice(("16", "64", "777")),
        "target.die_fill": pick.choice(("0.5", "0.8", "1")),
    }
    for cell in ("luts", "ffs", "dsps", "block_ram", "ultra_ram"):
        found[f"budget.{cell}"] = pick.choice(("10**5", "10**6", "2_000_000"))
    for index in range(ports):
        found |= {
            f"ports.{index}.name": repr(f"mem{index}"),
            f"ports.{index}.width": str(width),
            f"ports.{index}.beats_per_cycle": pick.choice(("1", "0.5", "0.125", "0.01")),
            f"ports.{index}.latency": pick.choice(("1", "7", "40", "300")),
            f"ports.{index}.write_latency": pick.choice(("1", "16", "90")),
            f"ports.{index}.address": str((index << 30) if striped else 0),
        }
    return found


def text_of(fields: Fields) -> str:
    """The file with these values."""

    def call(kind: str, path: str) -> str:
        parts = [name for name in fields if name.startswith(path)]
        return f"{kind}({', '.join(f'{n[len(path) :]}={fields[n]}' for n in parts)})"

    ports = sorted({name.split(".")[1] for name in fields if name.startswith("ports.")})
    values = [f"    {name}={value}," for name, value in fields.items() if "." not in name]
    values.append(f"    budget={call('Budget', 'budget.')},")
    values.append(f"    target={call('DesignTarget', 'target.')},")
    each = "".join(call("MemoryPort", f"ports.{port}.") + ", " for port in ports)
    values.append(f"    ports=({each}),")
    said = "\n".join(values)
    return f"{HEAD}BOARD = Board(\n{said}\n)\n"


def board_file(number: int, seed: int) -> tuple[str, bool]:
    """Text ``number`` of a seed, and whether it must be taken."""
    pick = random.Random(f"{seed}/{number}")
    fields = legal(pick)
    if number % 2 == 0:
        return text_of(fields), True
    if pick.random() < 0.2:
        return HEAD + pick.choice(BROKEN), False
    if pick.random() < 0.15:
        del fields[pick.choice([*fields])]
        return text_of(fields), False
    fields[pick.choice([*fields])] = pick.choice(ABSURD)
    return text_of(fields), False


def tried(text: str, folder: Path, *, must: bool, simulate: bool) -> str:
    """``ok``, ``equal``, or ``refused`` and why; ``FAULT`` and the traceback for all else."""
    file = folder / "board.py"
    file.write_text(text, encoding="utf-8")
    graph = gpt2_graph("tiny", CONFIG)
    weights = RandomWeights(graph, additions=2 * CONFIG.layers)
    model = Model(name="tiny", graph=graph, config=CONFIG, weights=weights, origin=Origin.RANDOM)
    config = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8))
    try:
        if not simulate:
            design = streamhw.compile(model, str(file), config)
            assert isinstance(design, PlacedNetlist)
            emit(design)
            return "ok"
        built = streamhw.build(model, str(file), config, folder=folder / "built")
        streamhw.simulate(built, [5, 9, 33], 3, check=True)
        return "equal"
    except DoesNotFitError as error:
        return f"refused: {error}"
    except UserError as error:
        return f"FAULT: a legal board is refused: {error}\n{text}" if must else f"refused: {error}"
    except Exception:
        return f"FAULT {traceback.format_exc()}\n{text}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Builds a tiny model for generated board files.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--simulate", type=int, default=20, help="most legal ones simulated")
    chosen = parser.parse_args(arguments)
    counts: dict[str, int] = {}
    left = chosen.simulate
    for number in range(chosen.first, chosen.first + chosen.count):
        begin = time.perf_counter()
        text, must = board_file(number, chosen.seed)
        with tempfile.TemporaryDirectory() as folder:
            found = tried(text, Path(folder), must=must, simulate=must and left > 0)
        left -= must
        kind = found.split(":")[0].split()[0]
        counts[kind] = counts.get(kind, 0) + 1
        print(f"{number} {found} ({time.perf_counter() - begin:.1f} s)", flush=True)
    total = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    print(f"{chosen.count} board files, {total}")
    return 1 if "FAULT" in counts else 0


if __name__ == "__main__":
    sys.exit(main())
