# SPDX-License-Identifier: Apache-2.0
"""Fan-outs of netlists with known answers: within a module, through borders, of constants."""

import pytest

from streamhw.synthesis import fanout
from streamhw.synthesis.fanout import BorderNet, LoadedNet, Loads, NetSource, measure_fan_out
from streamhw.synthesis.pins import Driver
from tests.synthesis.netlists import ff, inside, lut, module


@pytest.fixture(autouse=True)
def all_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "LISTED", 1)


def test_pins_of_one_net() -> None:
    """A register that is reset, enable, data, and an input of two LUTs; its clock is no load."""
    cells = [ff(10), ff(11, R=10), ff(12, CE=10), ff(13, D=10), lut(14, 10, 10), lut(15, 10, 2)]
    netlist = module(cells, inputs={"clk": [1], "other": [2]}, names={"wide": [9, 10]})
    found = measure_fan_out(netlist, {})
    assert found.whole == (
        LoadedNet("wide", Driver.REGISTER, Loads(reset=1, enable=1, data=1, logic=3)),
    )
    assert found.border == (BorderNet((("other", 0),), Loads(logic=1)),)


def test_bits_that_are_alike_are_one_row() -> None:
    cells = [lut(10, 2), lut(11, 2), lut(12, 2), ff(13, D=10), ff(14, D=11), ff(15, R=12)]
    found = measure_fan_out(module(cells, names={"bus": [10, 11, 12]}), {})
    assert found.whole == (
        LoadedNet("bus", Driver.LOGIC, Loads(data=1), bits=2),
        LoadedNet("bus", Driver.LOGIC, Loads(reset=1)),
    )


def test_through_three_levels() -> None:
    """Driven two modules down, used on all levels, and in a module beside; whole in the outermost,
    where an instance twice counts twice."""
    leaf = module(
        [ff(10, D=2), lut(11, 10)],
        inputs={"d": [2]},
        outputs={"q": [10]},
        names={"held": [10]},
    )
    used = module([ff(10, CE=2), ff(11, CE=2), ff(12, R=2)], inputs={"en": [2]})
    middle = module(
        [inside("leaf", {"d": ["0"]}, {"q": [5]}), inside("used", {"en": [5]}), ff(6, D=5)],
        outputs={"out": [5]},
    )
    known = {"leaf": measure_fan_out(leaf, {}), "used": measure_fan_out(used, {})}
    known["middle"] = measure_fan_out(middle, known)
    assert known["middle"].whole == ()
    assert known["middle"].border == (
        BorderNet(
            (("out", 0),),
            Loads(logic=1, enable=2, reset=1, data=1),
            NetSource(Driver.REGISTER, "u0.q"),
        ),
    )
    outer = module(
        [
            inside("middle", {}, {"out": [7]}),
            inside("used", {"en": [7]}),
            inside("used", {"en": [7]}),
        ]
    )
    assert measure_fan_out(outer, known).whole == (
        LoadedNet("u0.u0.q", Driver.REGISTER, Loads(logic=1, enable=6, reset=3, data=1)),
    )


def test_in_and_out_of_a_module() -> None:
    """A wire through a module makes one net of both sides, whichever is seen first."""
    wire = module([ff(10, D=2)], inputs={"i": [2]}, outputs={"o": [2]})
    known = {"wire": measure_fan_out(wire, {})}
    through = inside("wire", {"i": [20]}, {"o": [21]})
    own = [ff(20), ff(30, R=21), ff(31, R=20)]
    for cells in ([through, *own], [*own, through]):
        (net,) = measure_fan_out(module(cells, names={"source": [20]}), known).whole
        assert net == LoadedNet("source", Driver.REGISTER, Loads(data=1, reset=2))


def test_a_register_duplicated() -> None:
    """Two registers with the same input are two nets, each with its own loads."""
    cells = [ff(10, D=2), ff(11, D=2), ff(20, R=10), ff(21, R=10), ff(22, R=11)]
    netlist = module(cells, inputs={"rst": [2]}, names={"reset_0": [10], "reset_1": [11]})
    found = measure_fan_out(netlist, {})
    assert [(net.net, net.loads.reset) for net in found.whole] == [("reset_0", 2), ("reset_1", 1)]
    assert found.border == (BorderNet((("rst", 0),), Loads(data=2)),)


def test_constants_are_no_nets() -> None:
    """Neither in a module, nor those that a module puts out, alone or through another."""
    tie = module([ff(10, CE="1", D="x")], outputs={"o": ["0"]})
    wire = module([], inputs={"i": [2]}, outputs={"o": [2]})
    known = {"tie": measure_fan_out(tie, {}), "wire": measure_fan_out(wire, {})}
    assert known["tie"].border == (BorderNet((("o", 0),), source=NetSource(Driver.CONSTANT)),)
    cells = [
        inside("wire", {"i": [5]}, {"o": [6]}),
        inside("tie", {}, {"o": [5]}),
        lut(7, 5, 6),
        ff(8, D=6),
    ]
    found = measure_fan_out(module(cells, outputs={"q": [8], "low": [6]}), known)
    assert found.whole == ()
    assert found.border == (
        BorderNet((("q", 0),), source=NetSource(Driver.REGISTER, "q")),
        BorderNet((("low", 0),), source=NetSource(Driver.CONSTANT)),
    )


def test_few_loads_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "LISTED", 2)
    cells = [ff(10), ff(11, D=10), ff(12), ff(13, R=12), ff(14, R=12)]
    found = measure_fan_out(module(cells, names={"one": [10], "two": [12]}), {})
    assert [net.net for net in found.whole] == ["two"]
