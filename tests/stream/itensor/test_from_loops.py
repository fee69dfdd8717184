# SPDX-License-Identifier: Apache-2.0
"""Types inferred from a loop nest against running the nest, and against types written by hand."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from streamhw.kernels.attention.stream_types import (
    cached_type,
    length_type,
    query_type,
    row_type,
    score_type,
)
from streamhw.kernels.matmul.context import MatmulContext
from streamhw.kernels.matmul.spec import MatmulSpec
from streamhw.kernels.norm.layernorm import NormSpec
from streamhw.numerics.element_format import integer_format
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.stream.random_types import FMT, Offsets, enumerated

SEED = 11
NESTS = 2_000
N = Symbol("n", 3)
VALUES = ({"n": 1}, {"n": 2}, {"n": 3})


def random_nest(random: Random) -> KernelNest:
    """One to four loops of mixed tiles, sometimes one whose end is known at run time only."""
    loops = []
    for name in random.sample("mnkh", random.randint(1, 4)):
        tile = random.choice((1, 1, 2, 3))
        extent = tile * random.randint(1, 3)
        loops.append(KernelLoop(name, extent, tile))
    if random.random() < 0.4:
        at = random.randrange(len(loops))
        loops[at] = KernelLoop(loops[at].name, N)
    return KernelNest(tuple(loops))


def random_access(random: Random, nest: KernelNest) -> tuple[dict[str, int], ...]:
    """Up to two dimensions; a second loop of a dimension steps over the first, as heads do."""
    unused = random.sample(nest.loops, len(nest.loops))
    dims = []
    for _ in range(random.randint(1, 2)):
        access, size = {}, 1
        for _ in range(random.randint(0, 2)):
            if not unused or (access and isinstance(unused[-1].extent, Symbol)):
                break
            loop = unused.pop()
            if access and loop.tile > 1:
                break
            access[loop.name] = size
            size *= loop.extent if isinstance(loop.extent, int) else loop.extent.bound
        dims.append(access)
    return tuple(dims)


def iterations(nest: KernelNest, values: dict[str, int]) -> Iterator[dict[str, int]]:
    """The first index of each loop in each iteration, in the nest's sequence."""
    ranges = []
    for loop in nest.loops:
        extent = loop.extent if isinstance(loop.extent, int) else values[loop.extent.name]
        ranges.append(range(0, extent, loop.tile))
    for at in product(*ranges):
        yield dict(zip((loop.name for loop in nest.loops), at, strict=True))


def offset(access: tuple[dict[str, int], ...], at: dict[str, int]) -> tuple[int, ...]:
    return tuple(sum(factor * at[name] for name, factor in dim.items()) for dim in access)


def tiles(nest: KernelNest) -> Iterator[dict[str, int]]:
    """What an iteration does at once: indices inside the tiles."""
    for at in product(*(range(loop.tile) for loop in nest.loops)):
        yield dict(zip((loop.name for loop in nest.loops), at, strict=True))


def executed(nest: KernelNest, operand: Operand, values: dict[str, int], *, reads: bool) -> Offsets:
    """The offsets at which the kernel touches an operand, one for each beat that must pass."""
    used = {name for access in operand.access for name in access}
    steps = list(iterations(nest, values))
    if not reads:
        last = {loop.name: max(step[loop.name] for step in steps) for loop in nest.loops}
        complete = [s for s in steps if all(s[n] == last[n] for n in s.keys() - used)]
        return [offset(operand.access, step) for step in complete]
    if operand.holds:
        names = [loop.name for loop in nest.loops]
        while names and names[-1] not in used:
            names.pop()
        steps = [s for s in steps if all(not at for name, at in s.items() if name not in names)]
    return [offset(operand.access, step) for step in steps]


def test_inferred_orders_are_executed_orders() -> None:
    print(f"seed {SEED}")
    random = Random(SEED)
    written = 0
    for _ in range(NESTS):
        nest = random_nest(random)
        operand = Operand(fmt=FMT, access=random_access(random, nest), holds=random.random() < 0.3)
        read = nest.input(operand)
        for values in VALUES:
            assert enumerated(read, values) == executed(nest, operand, values, reads=True)
        touched = [
            max(offset(operand.access, tile)[d] for tile in tiles(nest)) + 1
            for d in range(len(operand.access))
        ]
        assert list(read.tile) == touched
        output = replace(operand, holds=False)
        try:
            result = nest.output(output)
        except ValueError as error:
            assert "must have each element once" in str(error)
            assert any(len(access) > 1 for access in operand.access)
            continue
        written += 1
        for values in VALUES:
            assert enumerated(result, values) == executed(nest, output, values, reads=False)
    assert written > NESTS // 2


def test_unfinished_sums_are_counted() -> None:
    """``held`` against running the nest: sums begun and not yet complete, at the worst moment."""
    random = Random(SEED)
    for _ in range(300):
        names = random.sample("mnk", 3)
        nest = KernelNest(tuple(KernelLoop(n, random.randint(2, 3)) for n in names))
        operand = Operand(fmt=FMT, access=(index(m=1), index(n=1)))
        steps = list(iterations(nest, {}))
        begun = {offset(operand.access, s): n for n, s in reversed(list(enumerate(steps)))}
        ended = {offset(operand.access, s): n for n, s in enumerate(steps)}
        worst = max(sum(begun[o] <= now <= ended[o] for o in begun) for now in range(len(steps)))
        assert nest.held(operand) == worst


MATMUL = KernelNest((KernelLoop("n", 8, 4), KernelLoop("k", 6, 2), KernelLoop("m", N)))
A = Operand(fmt=FMT, access=(index(m=1), index(k=1)))
B = Operand(fmt=FMT, access=(index(n=1), index(k=1)), holds=True)
C = Operand(fmt=FMT, access=(index(m=1), index(n=1)))


def test_matrix_product() -> None:
    assert str(MATMUL.input(A)) == "1x2:s8 (2 again) (3 d1+=2) (n<=3 d0+=1)"
    assert str(MATMUL.input(B)) == "4x2:s8 (2 d0+=4) (3 d1+=2)"
    assert str(MATMUL.output(C)) == "1x4:s8 (2 d1+=4) (n<=3 d0+=1)"
    assert MATMUL.held(C) == 12
    vectors = MATMUL.output(replace(C, vector=(1, 2)))
    assert str(vectors) == "1x2:s8 (2 d1+=4) (n<=3 d0+=1) (2 d1+=2)"
    inner = MATMUL.permuted(("m", "n", "k"))
    assert inner.held(C) == 4
    assert str(inner.output(replace(C, vector=(1, 8)))) == "1x8:s8 (n<=3 d0+=1)"
    window = KernelNest((KernelLoop("o", 6), KernelLoop("w", 3, 3)))
    assert str(window.input(Operand(fmt=FMT, access=(index(o=1, w=1),)))) == (
        "3:s8 (6 d0+=1) (1 d0+=3)"
    )


# The kernels' streams, as they were written by hand before.

TOKENS = Symbol("tokens", 4)
LENGTH = Symbol("length", 10, ragged=True)
SIZES = {"tokens": 4, "heads": 3, "head_dim": 8, "context": 10, "lanes": 2}


def by_hand() -> dict[str, tuple[ITensor, ITensor]]:
    """Pairs of an inferred type and the nest that it must be."""
    fmt, rows = Fixed(12), {k: SIZES[k] for k in ("tokens", "heads", "context")}
    norm = NormSpec(
        features=8, lanes=2, source=Fixed(24, 12), tokens=TOKENS, gamma_frac=8, beta_frac=7
    )
    contexts = (
        MatmulContext(
            name="a",
            inputs=8,
            outputs=12,
            tokens=4,
            scale_group=None,
            out=fmt,
            arrival=row_major(Fixed(8), (TOKENS, 8), 2),
        ),
        MatmulContext(
            name="b",
            inputs=4,
            outputs=4,
            tokens=1,
            scale_group=None,
            out=fmt,
            arrival=row_major(Fixed(8), (1, 4), 2),
        ),
    )
    engine = MatmulSpec(
        contexts=contexts, rows=4, input_lanes=2, lanes=2, tokens=4, weights=integer_format(8)
    )
    head, fold = Loop(3, 8, 1), Loop(4, 2, 1)
    pairs = {
        "query": (
            query_type(fmt, **SIZES),
            ITensor(fmt, (1, 2), (Loop(TOKENS, 1, 0), head, Loop(LENGTH), fold)),
        ),
        "cached": (
            cached_type(fmt, **SIZES),
            ITensor(fmt, (1, 2), (Loop(TOKENS), head, Loop(LENGTH, 1, 0), fold)),
        ),
        "score": (
            score_type(fmt, **rows),
            ITensor(fmt, (1, 1, 1), (Loop(TOKENS, 1, 0), Loop(3, 1, 1), Loop(LENGTH, 1, 2))),
        ),
        "length": (
            length_type(**rows),
            ITensor(Fixed(4, signed=False), (1, 1), (Loop(TOKENS, 1, 0), Loop(3, 1, 1))),
        ),
        "row": (
            row_type(fmt, tokens=4, heads=3, head_dim=8, lanes=2),
            ITensor(fmt, (1, 2), (Loop(TOKENS, 1, 0), Loop(12, 2, 1))),
        ),
    }
    for port, nest in (
        ("i", (Loop(TOKENS, 1, 0), Loop(4, 2, 1))),
        ("i_affine", (Loop(TOKENS), Loop(4, 2, 1))),
        ("o", (Loop(TOKENS, 1, 0), Loop(4, 2, 1))),
    ):
        inferred = norm.port(port).type
        pairs[f"norm {port}"] = (inferred, ITensor(inferred.fmt, (1, 2), nest))
    for context, trip in zip(contexts, (TOKENS, 1), strict=True):
        tiles = context.outputs // 4
        pairs[f"y {context.name}"] = (
            engine.port(f"o_{context.name}").type,
            ITensor(fmt, (1, 2), (Loop(tiles, 4, 1), Loop(trip, 1, 0), Loop(2, 2, 1))),
        )
    return pairs


@pytest.mark.parametrize("name", by_hand())
def test_kernels_have_the_streams_that_were_written_by_hand(name: str) -> None:
    inferred, written = by_hand()[name]
    assert inferred.is_same_stream(written), f"{inferred} and {written}"
    assert inferred.loops == written.loops
