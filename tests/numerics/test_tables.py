# SPDX-License-Identifier: Apache-2.0
"""Function tables: the stated error is the true maximum; hardware equals ``evaluate``."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from streamhw.numerics import functions
from streamhw.numerics.fixed import Fixed
from streamhw.numerics.functions import (
    BUILT_IN,
    GELU_ERF,
    GELU_TANH,
    RELU,
    ElementwiseFunction,
)
from streamhw.numerics.tables import (
    Table,
    activation,
    exponential,
    fit,
    reciprocal,
    reciprocal_root,
)
from streamhw.stream.table_lookup import TableLookup

EXP = exponential(source=Fixed(14, 10, signed=False), out=Fixed(17, 16, signed=False), address=10)
EXP2 = exponential(
    source=Fixed(10, 10, signed=False), out=Fixed(18, 17, signed=False), address=6, base=2.0
)
PLAIN = exponential(source=Fixed(10, 6, signed=False), out=Fixed(16, 16, signed=False), address=10)
RECIPROCAL = reciprocal(fraction=12, out=Fixed(17, 16, signed=False), address=8)
ROOT = reciprocal_root(fraction=15, out=Fixed(17, 16, signed=False), address=7)
SILU = fit("silu", lambda x: x / (1 + np.exp(-x)), source=Fixed(12, 8), out=Fixed(12, 8), address=8)


def codes_of(fmt: Fixed) -> np.ndarray:
    return np.arange(fmt.minimum, fmt.maximum + 1)


def root(x: np.ndarray) -> np.ndarray:
    return 1 / np.sqrt(np.where(x < 1, 1 + x, 2 * x))


@pytest.mark.parametrize(
    ("table", "function", "bound"),
    [
        (EXP, lambda x: np.exp(-x), 1.25),
        (EXP2, lambda x: 2.0**-x, 1.3),
        (PLAIN, lambda x: np.exp(-x), 1.0),
        (RECIPROCAL, lambda x: 1 / (1 + x), 0.6),
        (ROOT, root, 1.25),
        (SILU, lambda x: x / (1 + np.exp(-x)), 0.55),
    ],
    ids=lambda value: value.name if isinstance(value, Table) else "",
)
def test_stated_error_is_the_maximum(table: Table, function: object, bound: float) -> None:
    assert callable(function)
    codes = codes_of(table.input)
    result = table.evaluate(codes)
    assert result.min() >= table.output.minimum
    assert result.max() <= table.output.maximum
    error = np.abs(result - function(table.input.decode(codes)) / table.output.step).max()
    assert table.max_error == pytest.approx(error)
    assert error <= bound


def test_exponential_starts_at_one_and_falls() -> None:
    # Where two lines meet the next code may be one LSB up, never more.
    assert (np.diff(EXP.evaluate(codes_of(EXP.input))) <= 1).all()
    assert (np.diff(PLAIN.evaluate(codes_of(PLAIN.input))) <= 0).all()
    assert EXP.evaluate(np.array([0])) in (2**16 - 1, 2**16)
    assert PLAIN.evaluate(np.array([0])) == 2**16 - 1


@pytest.mark.parametrize("table", [EXP, PLAIN, ROOT, SILU], ids=lambda table: table.name)
def test_lookup_equals_evaluate(table: Table) -> None:
    dut = TableLookup(table=table, lanes=3)
    codes = np.random.default_rng(0).permutation(codes_of(table.input))[:300].reshape(-1, 3)
    codes[0, :2] = [table.input.minimum, table.input.maximum]
    expected = table.evaluate(codes)

    async def bench(ctx) -> None:
        for beat in range(len(codes) + dut.latency):
            if beat >= dut.latency:
                got = [ctx.get(dut.value[lane]) for lane in range(3)]
                assert got == expected[beat - dut.latency].tolist()
            if beat < len(codes):
                for lane in range(3):
                    ctx.set(dut.code[lane], int(codes[beat, lane]))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("function", BUILT_IN.values(), ids=str)
@pytest.mark.parametrize(("source", "inner"), [(11, 11), (8, 12), (12, 8), (14, 14), (3, 4)])
def test_activation_is_within_one_step_everywhere(
    function: ElementwiseFunction, source: int, inner: int
) -> None:
    table = activation(function, source=Fixed(16, source), out=Fixed(16, inner))
    codes = codes_of(table.input)
    exact = function.double(codes * 2.0**-source) * 2.0**inner
    error = np.abs(table.evaluate(codes) - np.clip(exact, -(2**15), 2**15 - 1)).max()
    assert table.max_error == pytest.approx(error)
    assert error <= 1


def test_activation_functions_agree_with_their_definitions() -> None:
    from math import erf, exp, sqrt, tanh

    for x in (-7.5, -1.0, -0.01, 0.0, 0.3, 2.0, 9.0):
        inner = sqrt(2 / np.pi) * (x + 0.044715 * x**3)
        for function, expected in (
            (GELU_TANH, x / 2 * (1 + tanh(inner))),
            (GELU_ERF, x / 2 * (1 + erf(x / sqrt(2)))),
            (functions.SILU, x / (1 + exp(-x))),
            (RELU, max(x, 0.0)),
        ):
            assert function.double(np.array([x]))[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_bad_lanes() -> None:
    with pytest.raises(ValueError, match="lanes must be at least 1, not 0"):
        TableLookup(table=PLAIN, lanes=0)


def test_bad_parameters() -> None:
    source, out = Fixed(21, 10, signed=False), Fixed(16, 16, signed=False)
    with pytest.raises(ValueError, match="Table input must have at most 20 bits, not 21"):
        exponential(source=source, out=out, address=4)
    with pytest.raises(ValueError, match="Table address must be 1 to 14 bits, not 15"):
        exponential(source=EXP.input, out=out, address=15)
    with pytest.raises(ValueError, match="Table entries must be a power of two"):
        replace(PLAIN, entries=PLAIN.entries[:3])
    with pytest.raises(ValueError, match="Table slopes must be none or 1024, not 1"):
        replace(EXP, slopes=(1,))
    with pytest.raises(ValueError, match="A plain table must have 1024 entries, not 512"):
        replace(PLAIN, entries=PLAIN.entries[:512])
    with pytest.raises(ValueError, match="must have an error of at most"):
        activation(functions.SILU, source=Fixed(8, 4), out=Fixed(8, 4), max_error=0.1)
