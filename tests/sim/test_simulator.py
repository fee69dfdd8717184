# SPDX-License-Identifier: Apache-2.0
"""The compiled simulator and its memory model, on a small stand-in accelerator."""

from fractions import Fraction

import numpy as np
import pytest

from streamhw.errors import InternalError, ToolError, UserError
from streamhw.runtime.driver import generate
from streamhw.sim.device import SimDevice, WatchedPort
from streamhw.sim.library import Doing
from streamhw.sim.memory_model import Stalls
from streamhw.sim.verilator import build, find_simulator
from streamhw.sim.verilator_config import INSTANCES, LINES, shared_modules
from tests.sim.models import constant
from tests.sim.standin import QUEUE_DEPTH, Standin

PROMPT, COUNT = [3, 5, 1], 6


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def make(cache, tmp_path_factory):
    """Builds a stand-in and returns a function that opens devices of it."""

    def make(observed=False, **parameters):
        spec = Standin(**parameters)
        verilog = spec.write(tmp_path_factory.mktemp("verilog"))
        made = build([verilog], spec.manifest, observed=observed, cache=cache)
        assert made.warnings == ()
        return spec, lambda **options: SimDevice(spec.manifest, made, spec.image(1), **options)

    return make


def cycles(device):
    answer = generate(device, PROMPT, count=COUNT)
    tokens = [token.token for token in answer]
    return tokens, answer


def test_tokens_observed(make):
    spec, device = make(observed=True)
    expected = spec.answer(spec.image(1), PROMPT, COUNT)
    with device() as d:
        tokens, answer = cycles(d)
        assert tokens == expected
        beats = d.take("h_sum")
        image = spec.image(1)
        asked = [PROMPT[-1], *tokens[:-1]]
        assert (beats == [b for t in asked for b in spec.beats_of(image, t)]).all()
        assert len(d.take("h_sum")) == 0
        counters = d.statistics()["h_sum"]
        assert counters.transfers == len(beats) and counters.blocked > 0
        assert 0 < d.peaks()["h_sum"] <= QUEUE_DEPTH + 1
        assert answer.traffic()["m_axi_mem0"].read_bytes == COUNT * spec.row
        assert len({t.cycles for t in answer.tokens[1:]}) == 1


def test_what_a_part_does(make):
    """The reader of a stream moves its beats, lacks those that are asked for, else computes."""
    _, device = make(observed=True)
    with device() as d:
        d.watch({"sum": (WatchedPort(stream="h_sum", output=False, memory=False),)})
        before, begin = d.statistics()["h_sum"], d.cycle
        d.time()
        cycles(d)
        after = d.statistics()["h_sum"]
        when, doing = d.changes()["sum"]
        lasts = np.diff([*when, d.cycle])
        found = {what: int(lasts[doing == what].sum()) for what in set(doing.tolist())}
        assert when[0] == begin and lasts.sum() == d.cycle - begin
        assert found[Doing.MOVES] == after.transfers - before.transfers > 0
        assert found[0] == after.blocked - before.blocked > 0
        missing = d.cycle - begin - found[Doing.MOVES] - found[0]
        assert found[Doing.LACKS_INPUT] == missing >= after.starved - before.starved > 0
        # Without a queue both ends are one.
        assert (d.given()["h_sum"] == d.timed()["h_sum"]).all()


def test_parts_are_seen_in_an_observed_build_only(make):
    _, device = make()
    with device() as d, pytest.raises(ValueError, match="visible only in an observed build"):
        d.watch({})


def test_latency_bandwidth_stalls(make):
    spec, device = make(observed=True)
    expected = spec.answer(spec.image(1), PROMPT, COUNT)

    def per_token(**options):
        with device(model=constant(**options)) as d:
            tokens, answer = cycles(d)
            assert tokens == expected
            return [t.cycles for t in answer.tokens]

    base = per_token(latency=20, write_latency=10)[-1]
    assert abs(per_token(latency=30, write_latency=10)[-1] - base - 10) <= 1  # pace of the sum
    assert abs(per_token(latency=20, write_latency=17)[-1] - base - 7) <= 1
    assert per_token(latency=20, write_latency=10, bandwidth=Fraction(1, 8))[-1] > base + 30
    stalls = [Stalls.everywhere(0.4, seed=s, length=3) for s in (1, 1, 2)]
    first, again, other = (per_token(stalls=s) for s in stalls)
    assert first == again != other


@pytest.mark.parametrize(
    ("flaw", "text"),
    [
        ("cross", "crosses a 4 KiB boundary"),
        ("last", "WLAST must be at beat 4 of the burst, not at beat 3"),
        ("unstable", "AR payload changed before ARREADY"),
    ],
)
def test_violations(make, flaw, text):
    _, device = make(flaw=flaw)
    model = constant(stalls=Stalls(ar=0.7, seed=1))
    with device(model=model) as d, pytest.raises(InternalError, match=text):
        cycles(d)


def test_hang_names_streams(make):
    _, device = make(flaw="hang", observed=True)
    with device(stuck_cycles=500) as d, pytest.raises(InternalError, match="blocked: h_sum"):
        cycles(d)


def test_polled_status_and_base(make):
    spec, device = make(status=())
    expected = spec.answer(spec.image(1), PROMPT, COUNT)
    with device(base=0x1_2345_0000, poll_cycles=7) as d:
        assert cycles(d)[0] == expected
        # A second answer on the same device, ended by a token.
        again = [t.token for t in generate(d, PROMPT, count=COUNT, ends=expected[1:2])]
        assert again == expected[: expected.index(expected[1]) + 1]


def test_out_of_range(make):
    _, device = make(flaw="range")
    with device() as d, pytest.raises(InternalError, match=r"outside memory 0x0\.\."):
        cycles(d)
    with device(answer_errors=True) as d:
        assert len(cycles(d)[0]) == COUNT


def test_user_errors(make):
    spec, device = make(observed=True)
    with device() as d:
        for prompt, text in (
            ([], "at least one token"),
            ([99], "below the vocabulary of 16, not 99"),
            ([1] * spec.context, "fewer tokens than the context of 32, not 32"),
            ([1] * 30, "at most 32 tokens together"),
        ):
            with pytest.raises(UserError, match=text):
                generate(d, prompt, count=COUNT)


def test_cache_hit(make, cache, tmp_path):
    make(observed=True)
    spec = Standin()
    before = sorted(cache.iterdir())
    assert build([spec.write(tmp_path)], spec.manifest, observed=True, cache=cache).cached
    assert sorted(cache.iterdir()) == before


def test_simulator_is_new_enough():
    assert find_simulator().version >= (5, 36)


def test_missing_net_and_bad_verilog(cache, tmp_path):
    bad = tmp_path / "bad.v"
    bad.write_text("module top(input clk; endmodule\n")
    before = sorted(cache.iterdir())
    with pytest.raises(ToolError, match="Verilator refuses the Verilog of top"):
        build([bad], Standin().manifest, cache=cache)
    assert sorted(cache.iterdir()) == before


def test_large_modules_that_repeat_stay_shared():
    body = "  wire x;\n" * LINES
    text = (
        "".join(
            f"module {name}(a);\n{body}{extra}endmodule\n"
            for name, extra in (
                ("row", ""),
                ("once", ""),
                (
                    "top",
                    "".join(f"  row row_{i} (.a(a));\n" for i in range(INSTANCES))
                    + "  once o ();\n",
                ),
            )
        )
        + "module small(a);\nendmodule\n"
        + "  small s ();\n" * INSTANCES
    )
    assert shared_modules([text]) == ["row"]
