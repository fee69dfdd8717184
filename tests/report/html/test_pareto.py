# SPDX-License-Identifier: Apache-2.0
"""The Pareto front: every design once, the best and those of simple rules by name."""

from streamhw.report.exploration import Front, FrontPoint
from streamhw.report.html.pareto import pareto
from tests.report.html.elements import read


def point(number: int, token: float, share: float, origin: str = "search") -> FrontPoint:
    return FrontPoint(number=number, origin=origin, prompt=3 * token, token=token, luts=10,
                      dsps=1, block_ram=1, share=share, engines="sizes")  # fmt: skip


BEST, RULE = point(7, 900.0, 0.2), point(0, 2000.0, 0.1, "default")
FRONT = Front(
    model="tiny",
    board="sim",
    clock_mhz=250.0,
    goal="latency",
    trials=40,
    exact=False,
    best=BEST,
    compared=(RULE,),
    points=(BEST, point(3, 1500.0, 0.05)),
)


def test_designs_and_their_names() -> None:
    found = read(pareto(FRONT))
    words = " ".join(found.text)
    assert "2 designs that no other one beats" in words and "40 choices were tried" in words
    circles = [a for name, a in found.seen if name == "circle"]
    assert [a["class"] for a in circles] == ["fill-red", "fill-blue", "fill-amber"]
    assert sum(name == "tr" for name, _ in found.seen) == 1 + 3
    assert {"best", "default"} <= set(found.text)


def test_faster_is_left_and_larger_is_above() -> None:
    found = read(pareto(FRONT))
    best, small, rule = [
        (float(a["cx"] or 0), float(a["cy"] or 0)) for name, a in found.seen if name == "circle"
    ]
    assert best[0] < small[0] < rule[0] and best[1] < rule[1] < small[1]
