# SPDX-License-Identifier: Apache-2.0
"""Bench of the matmul engine, its integer semantics and its packing."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.back import verilog

from streamhw.kernels.matmul import array as matmul_array
from streamhw.kernels.matmul import requantizer as requantize
from streamhw.kernels.matmul.context import MatmulContext
from streamhw.kernels.matmul.loop_order import LoopOrder
from streamhw.kernels.matmul.packing import (
    fold_groups,
    linear_golden,
    memory_beats,
    pack_header,
    pack_weight,
    unpack_header,
    unpack_weight,
)
from streamhw.kernels.matmul.spec import MatmulSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.testing import kernel_bench as bench
from streamhw.testing.kernel_bench import Case, check_kernel, run_cocotb

INT8 = Fixed(8)


def context(
    name: str = "a",
    inputs: int = 16,
    outputs: int = 8,
    tokens: int = 3,
    group: int | None = None,
    out: Fixed = INT8,
    lanes: int = 1,
) -> MatmulContext:
    rows = Symbol("tokens", tokens) if tokens > 1 else 1
    arrival = row_major(INT8, (rows, inputs), lanes)
    return MatmulContext(
        name=name,
        inputs=inputs,
        outputs=outputs,
        tokens=tokens,
        scale_group=group,
        out=out,
        arrival=arrival,
    )


def engine(*contexts: MatmulContext, **sizes: Any) -> MatmulSpec:
    defaults = {"rows": 4, "input_lanes": 4, "lanes": 2, "tokens": 3, "weight_bits": 4}
    return MatmulSpec(contexts=contexts, **(defaults | sizes))


def parameters(
    spec: MatmulSpec, c: MatmulContext, rng: np.random.Generator, extreme: int = 0
) -> dict[str, np.ndarray]:
    """Random weights and headers; ``extreme`` 1 or -1 drives all sums to one end."""
    low, high = -(1 << (spec.weight_bits - 1)), (1 << (spec.weight_bits - 1)) - 1
    weight = rng.integers(low, high, (c.outputs, c.inputs), endpoint=True)
    groups = rng.integers(0, 255, (c.outputs, c.groups), endpoint=True) if c.group else None
    bits = spec.accumulator_width + 15 - c.out.width
    shift = np.clip(rng.integers(bits - 9, bits + 2, c.outputs), 0, 63)
    bias = rng.integers(-1 << 20, 1 << 20, c.outputs)
    mult = rng.integers(0, 1 << 16, c.outputs)
    if extreme:
        weight[:] = low if extreme > 0 else high
        bias[:] = (1 << 31) - 1 if extreme > 0 else -1 << 31
        mult[:] = (1 << 16) - 1
        if groups is not None:
            groups[:] = 255
    shift[0], shift[-1] = 0, 63
    return {"weight": weight, "groups": groups, "bias": bias, "mult": mult, "shift": shift}


def case(spec: MatmulSpec, n: int, rng: np.random.Generator, extreme: int = 0) -> Case:
    """All contexts once, with ``n`` tokens."""
    headers, weights, xs = [], [], {}
    for c in spec.contexts:
        p = parameters(spec, c, rng, extreme)
        header = pack_header(p["bias"], p["mult"], p["shift"], p["groups"], rows=spec.rows)
        words = pack_weight(p["weight"], rows=spec.rows, inputs=spec.input_lanes)
        padding = spec.tile_words(c) - header.shape[1]
        header = np.pad(header, ((0, 0), (0, padding), (0, 0)), constant_values=0xA5)
        headers.append(header.reshape(-1, spec.rows))
        weights.append(words.reshape(-1, spec.rows * spec.input_lanes))
        x = rng.integers(-128, 127, (c.tokens, c.inputs), endpoint=True)
        xs[f"i_x_{c.name}"] = np.full_like(x, -128) if extreme else x
    symbol_values = {"tokens": n}
    inputs = {
        "i_run": spec.commands(symbol_values),
        "i_header": np.concatenate(headers).astype(np.int64),
        "i_weight": np.concatenate(weights).astype(np.int64),
        **xs,
    }
    return Case(inputs=inputs, symbol_values=symbol_values)


SPECS = {
    "int4, groups": engine(context(outputs=12, scale_group=8)),
    "int4, groups of one step": engine(context(outputs=4, scale_group=4, out=Fixed(16))),
    "int4": engine(context(out=Fixed(32, 8))),
    "int8": engine(context(out=Fixed(5)), weight_bits=8, lanes=1),
    "int8, groups, unsigned out": engine(
        context(scale_group=8, out=Fixed(8, signed=False)), weight_bits=8, lanes=4
    ),
    "minimal": engine(
        context(inputs=1, outputs=1, tokens=1), rows=1, input_lanes=1, lanes=1, tokens=1
    ),
    "minimal, groups": engine(
        context(inputs=2, outputs=2, tokens=1, scale_group=1),
        rows=1,
        input_lanes=1,
        lanes=1,
        tokens=1,
    ),
    "three lanes, four tokens": engine(
        context(inputs=9, outputs=6, tokens=4), rows=6, input_lanes=3, lanes=3, tokens=4
    ),
    "drain is slower": engine(context(inputs=4, outputs=24), lanes=1),
    "two token lanes": engine(context(inputs=12, outputs=8, tokens=5), tokens=5, token_lanes=2),
    "four token lanes, groups": engine(
        context(outputs=12, tokens=6, scale_group=8, lanes=2), tokens=6, token_lanes=4, lanes=4
    ),
    "paired": engine(context(out=Fixed(24)), paired=True),
    "paired, groups, chains": engine(
        context(inputs=32, outputs=12, scale_group=16, lanes=4),
        input_lanes=16,
        paired=True,
        chain=8,
    ),
    "paired, int8, chains": engine(
        context(inputs=32, lanes=8, out=Fixed(30)),
        input_lanes=8,
        paired=True,
        chain=4,
        weight_bits=8,
    ),
    "output stationary": engine(
        context(outputs=12, scale_group=8), loop_order=LoopOrder.OUTPUT_STATIONARY
    ),
    "output stationary, int8, a token": engine(
        context(tokens=1, outputs=16), loop_order=LoopOrder.OUTPUT_STATIONARY, weight_bits=8
    ),
    "output stationary, a step": engine(
        context(inputs=4, outputs=24), loop_order=LoopOrder.OUTPUT_STATIONARY, lanes=4
    ),
    "output stationary, wide beats": engine(
        context(inputs=24, outputs=8, tokens=5, lanes=4),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
        tokens=5,
    ),
    "output stationary, contexts": engine(
        context("qkv", outputs=12, scale_group=8, out=Fixed(16)),
        context("fc", inputs=8, outputs=4, scale_group=4, out=Fixed(12, signed=False)),
        context("head", outputs=8, tokens=1, scale_group=16, out=Fixed(32, 10)),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
    ),
    "output stationary, token lanes, groups": engine(
        context(outputs=12, tokens=6, scale_group=8, lanes=2),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
        tokens=6,
        token_lanes=4,
        lanes=4,
    ),
    "fabric": engine(context(out=Fixed(24)), token_lanes=2, fabric_lanes=1),
    "fabric, int8, two levels": engine(
        context(out=Fixed(24), inputs=8),
        input_lanes=8,
        weight_bits=8,
        token_lanes=2,
        fabric_lanes=2,
        levels=2,
    ),
    "paired, fabric, groups, two levels": engine(
        context(inputs=32, outputs=12, scale_group=16, lanes=4),
        input_lanes=16,
        token_lanes=2,
        paired=True,
        levels=2,
        fabric_lanes=1,
    ),
    "paired, int8, columns in fabric, two levels": engine(
        context(inputs=32, lanes=8, out=Fixed(30)),
        input_lanes=16,
        paired=True,
        levels=2,
        weight_bits=8,
        fabric_columns=3,
    ),
    "paired, chains, lanes and columns in fabric": engine(
        context(inputs=32, lanes=8, out=Fixed(30)),
        input_lanes=16,
        token_lanes=2,
        chain=4,
        paired=True,
        levels=3,
        weight_bits=8,
        fabric_lanes=1,
        fabric_columns=5,
    ),
    "chain": engine(context(lanes=4), chain=4),
    "rows on dies": engine(context(), row_dies=(1, 0), row_slices=2),
    "rows on dies, groups, lanes, pairs": engine(
        context(inputs=32, outputs=16, tokens=6, scale_group=16, lanes=4),
        rows=8,
        input_lanes=16,
        lanes=4,
        tokens=6,
        token_lanes=2,
        paired=True,
        levels=2,
        fabric_lanes=1,
        row_dies=(0, 2, 0, 1),
        row_slices=4,
    ),
    "wide headers": engine(context(scale_group=4), header_lanes=4),
    "widest headers": engine(
        context("a", scale_group=4), context("b", inputs=64, scale_group=4), header_lanes=16
    ),
    "widest headers, no groups": engine(context(), header_lanes=16, header_multiple=32),
    "rows of one word": engine(
        context(inputs=4, outputs=12, tokens=5, lanes=2), tokens=5, token_lanes=2
    ),
    "rows of one word, groups": engine(
        context("a", inputs=8, outputs=12, tokens=5, scale_group=8, lanes=4),
        context("b", inputs=16, outputs=8, tokens=5, scale_group=8, lanes=8),
        tokens=5,
        input_lanes=8,
        lanes=4,
    ),
    "wider headers": engine(
        context("a", scale_group=4), context("b", scale_group=8), header_lanes=8
    ),
    "all of it": engine(
        context("qkv", inputs=64, outputs=24, scale_group=32, out=Fixed(16), lanes=8, tokens=4),
        context("fc", inputs=32, outputs=16, scale_group=32, lanes=4, tokens=4),
        context("head", inputs=64, outputs=8, tokens=1, scale_group=32, out=Fixed(32, 10), lanes=8),
        rows=8,
        input_lanes=32,
        lanes=4,
        tokens=4,
        token_lanes=2,
        header_lanes=8,
        chain=4,
        paired=True,
    ),
    "contexts": engine(
        context("qkv", outputs=12, scale_group=8, out=Fixed(16)),
        context("fc", inputs=8, outputs=4, scale_group=4, out=Fixed(12, signed=False)),
        context("head", outputs=8, tokens=1, scale_group=16, out=Fixed(32, 10)),
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_hardware_equals_golden(name: str) -> None:
    spec, rng = SPECS[name], np.random.default_rng(4)
    bound = spec.tokens
    cases = [case(spec, bound, rng, extreme=1), case(spec, 1, rng, extreme=-1)]
    cases += [case(spec, 1, rng) for _ in range(3)]
    # Where results come early, it takes longer until they come as often as x does.
    settled = 16 if spec.loop_order is LoopOrder.OUTPUT_STATIONARY else 6
    cases += [case(spec, max(1, bound - 1), rng) for _ in range(settled)]
    check_kernel(spec, cases)


@pytest.mark.parametrize("group", [None, 8])
def test_header_padding_is_skipped(group: int | None) -> None:
    spec, rng = engine(context(scale_group=group), header_multiple=16), np.random.default_rng(8)
    cases = [case(spec, 2, rng) for _ in range(4)]
    check_kernel(spec, cases, scenarios=("single", "free", "all"))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_timing_for_every_number_of_tokens(n: int) -> None:
    spec, rng = SPECS["int4, groups"], np.random.default_rng(5)
    check_kernel(spec, [case(spec, n, rng) for _ in range(6)], scenarios=("single", "free"))


def test_timing_of_long_tiles_is_the_formula() -> None:
    spec = engine(context(inputs=64, outputs=32, tokens=8, scale_group=16), rows=8, tokens=8)
    fill = 2 + 1 + 2 + 1 + 1  # operand store, multiply, tree of 4, group multiplier, accumulate
    steps = 8 * 64 // 4
    timing = spec.timing({"tokens": 8})
    # one cycle more than the array needs: x of the next activation is let in when this one begins
    assert timing.interval == 32 // 8 * steps + 1
    assert timing.latency == 1 + 8 * 64 + steps - 8 + fill + 9
    assert spec.timing({"tokens": 1}).latency == 1 + 64 + fill + 9
    wide = engine(
        context(inputs=64, outputs=32, tokens=8, lanes=4), rows=8, tokens=8, token_lanes=4
    )
    assert wide.timing({"tokens": 8}).interval == 32 // 8 * steps // 4 + 1


def test_takes_x_in_the_order_of_an_engines_results() -> None:
    rows = Symbol("tokens", 4)
    arrival = ITensor(INT8, (1, 2), (Loop(2, 8, 1), Loop(rows, 1, 0), Loop(4, 2, 1)))
    c = replace(context(inputs=16, outputs=16, tokens=4, scale_group=8), arrival=arrival)
    spec, rng = engine(c, tokens=4, token_lanes=2), np.random.default_rng(9)
    assert c.follows
    check_kernel(spec, [case(spec, n, rng) for n in (4, 1, 1, 1, 3, 4, 4, 4, 2)])


@pytest.mark.parametrize("group", [None, 4])
def test_golden_equals_plain_integers(group: int | None) -> None:
    rng = np.random.default_rng(6)
    spec = engine(context(inputs=8, scale_group=group, out=Fixed(10)))
    c = spec.contexts[0]
    for extreme in (0, 1, -1):
        p = parameters(spec, c, rng, extreme)
        x = rng.integers(-128, 128, (5, 8))
        got = linear_golden(
            x, p["weight"], p["groups"], p["bias"], p["mult"], p["shift"], c.out, group
        )
        folded = fold_groups(p["weight"], p["groups"], group)
        again = linear_golden(x, folded, None, p["bias"], p["mult"], p["shift"], c.out, None)
        assert np.array_equal(got, again)
        for n in range(5):
            for r in range(c.outputs):
                total = 0
                for k in range(8):
                    m = 1 if group is None else int(p["groups"][r, k // group])
                    total += m * int(p["weight"][r, k]) * int(x[n, k])
                scaled = (total + int(p["bias"][r])) * int(p["mult"][r])
                shift = int(p["shift"][r])
                rounded = scaled if shift == 0 else (scaled + (1 << (shift - 1))) >> shift
                assert got[n, r] == max(-512, min(511, rounded))


def test_golden_rounds_halves_up_also_below_zero() -> None:
    one = np.array([1])
    for bias, expected in ((-3, -1), (-2, -1), (-1, 0), (1, 1), (3, 2)):
        y = linear_golden(
            np.zeros((1, 1)), np.zeros((1, 1)), None, np.array([bias]), one, one, Fixed(8), None
        )
        assert y[0, 0] == expected


def test_golden_beyond_floating_point_is_exact() -> None:
    x = np.full((1, 64), -(1 << 30))
    weight = np.full((1, 64), (1 << 26) - 1)
    weight[0, 0] -= 1
    one, zero = np.array([1]), np.array([0])
    y = linear_golden(x, weight, None, zero, one, zero, Fixed(62), None)
    assert int(y[0, 0]) == max(-(1 << 61), -(1 << 30) * (64 * ((1 << 26) - 1) - 1))
    y = linear_golden(x >> 8, weight, None, zero, one, zero, Fixed(62), None)
    assert int(y[0, 0]) == -(1 << 22) * (64 * ((1 << 26) - 1) - 1)


@pytest.mark.parametrize("group", [None, 8])
@pytest.mark.parametrize("weight_bits", [4, 8])
@pytest.mark.parametrize("width", [8, 64, 512])
def test_packing_round_trip(group: int | None, weight_bits: int, width: int) -> None:
    rng = np.random.default_rng(7)
    spec = engine(context(scale_group=group), weight_bits=weight_bits)
    c = spec.contexts[0]
    p = parameters(spec, c, rng, 0)
    header = pack_header(p["bias"], p["mult"], p["shift"], p["groups"], rows=4)
    words = pack_weight(p["weight"], rows=4, inputs=4)
    back = unpack_header(header)
    for name, values in zip(("bias", "mult", "shift", "groups"), back, strict=True):
        assert (values is None and p[name] is None) or np.array_equal(values, p[name]), name
    assert np.array_equal(unpack_weight(words, rows=4, inputs=4), p["weight"])

    beats = memory_beats(header, words, weight_bits=weight_bits, width=width)
    flat, head = beats.reshape(-1), -(-header[0].size * 8 // width) * width // 8
    size = len(flat) // 2 - head
    # Both headers stand in front of the first weights.
    for tile in range(2):
        begin = tile * head
        assert flat[begin:][: header[0].size].tolist() == header[tile].reshape(-1).tolist()
        value = int.from_bytes(flat[2 * head + tile * size :][:size].tobytes(), "little")
        for code in words[tile].reshape(-1):
            assert value & ((1 << weight_bits) - 1) == int(code) & ((1 << weight_bits) - 1)
            value >>= weight_bits
        assert value == 0


@pytest.mark.parametrize("tiles", [1, 3])
def test_headers_stand_a_tile_ahead(tiles: int) -> None:
    header = np.arange(1, 9 * tiles + 1, dtype=np.uint8).reshape(tiles, 9, 1)
    weight = np.arange(-1, -3 * tiles - 1, -1, dtype=np.int8).reshape(tiles, 1, 3)
    flat = memory_beats(header, weight, weight_bits=8, width=32).reshape(-1).tolist()
    headers = [[*each.reshape(-1).tolist(), 0, 0, 0] for each in header]
    weights = [[*each.view(np.uint8).reshape(-1).tolist(), 0] for each in weight]
    assert flat[:12] == headers[0]
    assert flat[-4:] == weights[-1]
    for tile in range(1, tiles):
        assert flat[16 * tile - 4 :][:16] == [*headers[tile], *weights[tile - 1]]


def test_packs_a_large_head_in_seconds() -> None:
    weight = np.ones((50264, 768), dtype=np.int8)
    ones = np.ones(len(weight), dtype=np.int64)
    begin = time.perf_counter()
    header = pack_header(ones, ones, ones, np.ones((len(weight), 12)), rows=8)
    beats = memory_beats(header, pack_weight(weight, rows=8, inputs=8), weight_bits=4, width=512)
    assert beats.shape == (6283 * (3 + 48), 64)
    assert time.perf_counter() - begin < 10


def test_counts_its_multipliers() -> None:
    multipliers = SPECS["contexts"].resources().multipliers
    assert sorted(multipliers) == sorted([(4, 8)] * 16 + [(14, 8)] * 4 + [(17, 16), (16, 16)] * 2)


def test_large_array_shares_one_row_module() -> None:
    class Files:
        def __init__(self) -> None:
            self.names: list[str] = []

        def add_file(self, name: str, content: str) -> None:
            assert content.count("module") > 1
            self.names.append(name)

    spec = engine(
        context(inputs=64, outputs=16, tokens=2, scale_group=32),
        rows=16,
        input_lanes=32,
        lanes=4,
        tokens=2,
    )
    files = Files()
    text = verilog.convert(spec.create(), name="dut", platform=files, emit_src=False)
    assert files.names == ["matmul_row_32x1_w4g_c1l1f0_0_25x8.v", "requantize_25_8.v"]
    assert text.count("matmul_row_32x1_w4g_c1l1f0_0_25x8 ") == 16
    assert text.count("requantize_25_8 ") == 4


class Texts:
    """What an elaboration is told of: it takes Verilog of modules."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def add_file(self, name: str, content: str) -> None:
        self.texts[name] = content


@pytest.mark.parametrize(
    "name",
    ["all of it", "paired, fabric, groups, two levels", "rows on dies, groups, lanes, pairs"],
)
def test_shared_modules_equal_golden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_shared(design: Any, **rest: Any) -> None:
        platform = Texts()
        text = verilog.convert(
            design, name="dut", platform=platform, emit_src=False, strip_internal_attrs=True
        )
        kinds = 3 if spec.row_slices else 0  # to a die, to rows, from rows
        assert len(platform.texts) == 2 + kinds
        run_cocotb("\n".join([text, *platform.texts.values()]), **rest)

    monkeypatch.setattr(matmul_array, "SHARED_ROWS_FROM", 1)
    monkeypatch.setattr(requantize, "SHARED_LANES_FROM", 1)
    monkeypatch.setattr(bench, "run_cocotb", run_shared)
    spec, rng = SPECS[name], np.random.default_rng(10)
    cases = [case(spec, spec.tokens, rng, extreme=1), case(spec, 1, rng, extreme=-1)]
    # five tensors of one token: with slices the pipeline is as long as two of them
    cases += [case(spec, n, rng) for n in (1, 1, 1, 1, 2, spec.tokens)]
    check_kernel(spec, cases, scenarios=("single", "free", "all", "reset"))


@pytest.mark.parametrize(
    "change, text",
    [
        ({"rows": 6}, "outputs of a must be a multiple of 6, not 8"),
        ({"input_lanes": 5}, "inputs of a must be a multiple of 5, not 16"),
        ({"lanes": 3}, "Matmul lanes must divide rows 4, not 3"),
        ({"tokens": 2}, "tokens of a must be 1 to 2, not 3"),
        ({"weight_bits": 5}, "Matmul weight_bits must be 4 or 8, not 5"),
        ({"contexts": ()}, "Matmul contexts must be at least 1, not 0"),
        ({"header_lanes": 3}, "Matmul header_lanes must be 1, 2, 4, 8 or 16, not 3"),
        ({"token_lanes": 3}, "Matmul token_lanes must be a power of two, not 3"),
        ({"levels": 0}, "Matmul levels must be at least 1, not 0"),
        ({"fabric_lanes": 2}, "Matmul fabric_lanes must be 0 to 1, not 2"),
        ({"fabric_columns": 4}, "Matmul fabric_columns must be 0 to 3, not 4"),
        ({"chain": 3}, "Matmul chain must divide input_lanes 4, not 3"),
        ({"rows": 1, "lanes": 1, "paired": True}, "Matmul rows must be even .*, not 1"),
        (
            {"paired": True, "chain": 8, "input_lanes": 8, "weight_bits": 8},
            "Matmul chain must keep sums of paired rows below 131072, not 8 with .*: 131072",
        ),
        (
            {"contexts": (replace(context(), arrival=row_major(INT8, (3, 8), 1)),)},
            "arrival of a must bring 3 x 16 bytes once, .*",
        ),
        ({"contexts": (context(lanes=8),)}, "arrival of a must bring 3 x 16 bytes once, .*"),
        ({"contexts": (context(scale_group=6),)}, "group of a must be a multiple of 4 .* not 6"),
        ({"contexts": (context(out=Fixed(33)),)}, "out of a must have at most 32 bits, not 33"),
        (
            {"contexts": (context(), context("b", scale_group=4))},
            "group must be given for all contexts or none, not for b",
        ),
        (
            {"row_dies": (0, 1, 0), "row_slices": 2},
            "row_dies must be of groups that divide 4, not 3",
        ),
        ({"row_slices": 2}, "row_slices must be given with row_dies, not 2 with 0"),
        ({"row_dies": (0, 1)}, "row_slices must be given with row_dies, not 0 with 2"),
        (
            {"contexts": (context(), context())},
            r"Matmul contexts must have different names, not \['a', 'a'\]",
        ),
    ],
)
def test_refuses(change: dict[str, Any], text: str) -> None:
    sizes = {"rows": 4, "input_lanes": 4, "lanes": 2, "tokens": 3, "weight_bits": 4}
    with pytest.raises(ValueError, match=f"^{text}$"):
        MatmulSpec(**({"contexts": (context(),)} | sizes | change))


@pytest.mark.parametrize(
    "bias, mult, shift, text",
    [
        (1 << 31, 1, 1, "bias must be"),
        (0, 1 << 16, 1, "mult must be 0 to 65535, not 65536"),
        (0, 1, 64, "shift must be 0 to 63, not 64"),
    ],
)
def test_pack_header_refuses(bias: int, mult: int, shift: int, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}"):
        pack_header(np.array([bias]), np.array([mult]), np.array([shift]), None, rows=1)
