# SPDX-License-Identifier: Apache-2.0
"""Models of random shapes, built for a board and some of them simulated: no shape is a traceback.

Usage: python scripts/random_shapes.py [--board sim] [--count 400] [--seed 0] [--simulate 40]

Shape number N is the same in every call. A line for each: `ok`, `equal` (simulated, each token and
stream equal to the integer reference), `refused` with what does not fit, or `FAULT`. The first of
--simulate tiny shapes are simulated. Returns 1 if there was a fault.
"""

import argparse
import random
import sys
import tempfile
import time
import traceback
from math import prod
from pathlib import Path

import streamhw
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.errors import DoesNotFitError, StreamhwError
from streamhw.frontend.decoder import decoder_graph
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.frontend.model import Model, Origin
from streamhw.frontend.weights import RandomWeights
from streamhw.graph import Graph
from streamhw.report.summary import summarize

HEAD_DIMS = (1, 2, 3, 5, 8, 12, 16, 20, 24, 25, 32, 48, 64, 80, 96, 100, 112, 128)
HALVES = (1, 2, 3, 4, 8, 10, 12, 16, 24, 32, 40, 48, 50, 56, 64, 128)
WIDTHS = (8, 20, 64, 96, 100, 128, 250, 320)
HIDDEN = (1, 22, 128, 172, 200, 341)
VOCABULARIES = (1, 2, 7, 50, 257, 1000)
CONTEXTS = (2, 3, 8, 17, 32, 64)
WIDEST = 700
TINY = 200_000
"""Parameters of a shape that is simulated."""


def random_config(pick: random.Random) -> Gpt2Config | DecoderConfig:
    """A shape of any family: GPT-2, or a decoder with gates, rotary positions and what the families
    add to that."""
    layers, vocabulary = pick.randint(1, 3), pick.choice(VOCABULARIES)
    context, hidden = pick.choice(CONTEXTS), pick.choice(HIDDEN)
    if pick.random() < 0.4:
        head_dim = pick.choice(HEAD_DIMS)
        heads = pick.randint(1, max(1, min(9, WIDEST // head_dim)))
        return Gpt2Config(
            layers=layers,
            features=heads * head_dim,
            heads=heads,
            vocabulary=vocabulary,
            context=context,
            hidden=pick.choice((hidden, 4 * heads * head_dim)),
        )
    kv_heads = pick.randint(1, 4)
    return DecoderConfig(
        layers=layers,
        features=pick.choice(WIDTHS),
        hidden=hidden,
        heads=kv_heads * pick.randint(1, 4),
        kv_heads=kv_heads,
        head_dim=2 * pick.choice(HALVES),
        vocabulary=vocabulary,
        context=context,
        function=pick.choice(("silu", "gelu_tanh")),
        bases=pick.choice(((1e4,), (1e4, 1e6))),
        tied=pick.random() < 0.5,
        projection_bias=pick.random() < 0.3,
        head_norms=pick.random() < 0.3,
        outer_norms=pick.random() < 0.3,
    )


def random_model(number: int, seed: int) -> tuple[Model, streamhw.BuildConfig]:
    """Shape ``number`` of a seed with random weights, and its choices."""
    pick = random.Random(f"{seed}/{number}")
    config = random_config(pick)
    name = f"shape{number}"
    graph: Graph
    if isinstance(config, Gpt2Config):
        graph = gpt2_graph(name, config)
    else:
        graph = decoder_graph(name, config)
    weights = RandomWeights(graph, additions=2 * config.layers)
    model = Model(name=name, graph=graph, config=config, weights=weights, origin=Origin.RANDOM)
    quantization = streamhw.QuantConfig(weight_bits=pick.choice((4, 8)))
    return model, streamhw.BuildConfig(quantization=quantization)


def tried(number: int, seed: int, board: str, *, simulate: bool) -> str:
    """``ok``, ``equal``, or ``refused`` and why; ``FAULT`` and the traceback for all else."""
    model, config = random_model(number, seed)
    try:
        if not simulate:
            design = streamhw.compile(model, board, config)
            assert isinstance(design, PlacedNetlist)
            emit(design)
            summarize(design, model.origin.value)
            return "ok"
        pick = random.Random(number)
        context = model.graph.context
        prompt = [pick.randrange(model.graph.vocabulary) for _ in range(min(3, context - 1))]
        with tempfile.TemporaryDirectory() as folder:
            built = streamhw.build(model, board, config, folder=Path(folder) / "built")
            count = min(3, context - len(prompt))
            streamhw.simulate(built, prompt, count, check=True)
        return "equal"
    except DoesNotFitError as error:
        return f"refused: {error}"
    except StreamhwError as error:
        return f"FAULT {type(error).__name__}: {error}\n  {model.config} {config.quantization}"
    except Exception:
        return f"FAULT {traceback.format_exc()}\n  {model.config} {config.quantization}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Builds models of random shapes.")
    parser.add_argument("--board", default="sim")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="number of the first shape")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--simulate", type=int, default=40, help="most that are simulated")
    chosen = parser.parse_args(arguments)
    counts: dict[str, int] = {}
    left = chosen.simulate
    for number in range(chosen.first, chosen.first + chosen.count):
        begin = time.perf_counter()
        model, _ = random_model(number, chosen.seed)
        size = sum(prod(parameter.shape) for parameter in model.graph.parameters())
        tiny = left > 0 and size <= TINY
        left -= tiny
        found = tried(number, chosen.seed, chosen.board, simulate=tiny)
        kind = found.split(":")[0].split()[0]
        counts[kind] = counts.get(kind, 0) + 1
        print(f"{number} {found} ({time.perf_counter() - begin:.1f} s)", flush=True)
    total = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    print(f"{chosen.board}: {chosen.count} shapes, {total}")
    return 1 if "FAULT" in counts else 0


if __name__ == "__main__":
    sys.exit(main())
