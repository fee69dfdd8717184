# SPDX-License-Identifier: Apache-2.0
"""Random fusion problems, and kernels in a row."""

from random import Random

from streamhw.compiler.fusion.problem import FusionEdge, Kernel, Problem
from streamhw.compiler.resources.fpga_cells import Cells


def graph(seed: int, *, kernels: int | None = None, pinned: float = 0.15) -> Problem:
    """A random problem whose limit lies between what nothing and what everything takes."""
    random = Random(seed)
    count = kernels or random.randint(2, 9)
    names = [f"k{i}" for i in range(count)]
    parts = {
        f"p{i}": Cells(luts=random.randint(0, 30), memory_bits=random.randint(0, 40))
        for i in range(max(1, count - random.randint(0, 2)))
    }
    edges = []
    for v in range(1, count):
        for u in random.sample(range(v), min(v, random.choice((1, 1, 2, 3)))):
            edges.append(
                FusionEdge(
                    name=f"{names[u]}_{names[v]}",
                    source=names[u],
                    sink=names[v],
                    on_chip=Cells(memory_bits=random.randint(0, 100), luts=random.randint(0, 9)),
                    bytes=None if random.random() < pinned else random.choice((0, 1, 5, 20, 60)),
                    writer=Cells(memory_bits=random.randint(0, 9), luts=random.randint(0, 6)),
                    reader=Cells(memory_bits=random.randint(0, 9), luts=random.randint(0, 6)),
                )
            )
    images = random.random() < 0.5
    problem = Problem(
        kernels=tuple(Kernel(n, (random.choice(sorted(parts)),)) for n in names),
        edges=tuple(edges),
        parts=parts,
        limit=Cells(luts=10**6, memory_bits=10**6),
        base=Cells(luts=random.randint(0, 9), memory_bits=random.randint(0, 9)),
        images=images,
    )
    whole = problem.outcome([0] * count).used[0]
    share = random.uniform(0.4, 1.0)
    return Problem(
        **{
            **{name: getattr(problem, name) for name in ("kernels", "edges", "parts", "base")},
            "images": images,
            "limit": Cells(luts=2 * whole.luts, memory_bits=round(whole.memory_bits * share)),
        }
    )


def chain(count: int, limit: int) -> Problem:
    """Kernels in a row, each stream 10 bits on chip or (its place + 1) bytes in memory."""
    return Problem(
        kernels=tuple(Kernel(f"k{i}", ("p",)) for i in range(count)),
        edges=tuple(
            FusionEdge(
                name=f"e{i}",
                source=f"k{i}",
                sink=f"k{i + 1}",
                on_chip=Cells(memory_bits=10),
                bytes=i + 1,
            )
            for i in range(count - 1)
        ),
        parts={"p": Cells()},
        limit=Cells(memory_bits=limit),
    )
