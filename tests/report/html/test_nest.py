# SPDX-License-Identifier: Apache-2.0
"""Types as loop nests: one loop in the other, and the places of the first beats."""

import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.report.html.nest import first_offsets, nest
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol
from tests.report.html.elements import read

S8 = Fixed(8, 0)
ROWS = Loop(3, 2, 0)
AGAIN = Loop(2)
COLUMNS = Loop(4, 4, 1)
KIND = ITensor(S8, (2, 4), (ROWS, AGAIN, COLUMNS))


@pytest.mark.parametrize(
    "kind",
    [
        KIND,
        ITensor(S8, (1, 1), (Loop(Symbol("n", 5), 1, 0), Loop(7, 1, 1))),
        ITensor(S8, (4,), (Loop(9, 4, 0),)),
        ITensor(S8, (4,), ()),
    ],
    ids=str,
)
def test_first_beats_are_those_of_the_type(kind: ITensor) -> None:
    order = [tuple(at) for at in kind.order().tolist()]
    assert first_offsets(kind, 13) == order[:13]


def test_loops_lie_in_each_other() -> None:
    text = nest(KIND, "Title <of> it", differs=1)
    found = read(text)
    loops = [a["class"] for _, a in found.seen if str(a.get("class")).startswith("loop")]
    assert loops == ["loop", "loop differs", "loop"]
    words = "".join(found.text)
    assert "Title <of> it" in words and "<of>" not in text
    assert words.index("3 times") < words.index("the same again") < words.index("d1 += 4")
    assert "a beat: 2\N{MULTIPLICATION SIGN}4 of s8 = 64 bits" in words
    assert "24 beats at most, of a tensor of 6 \N{MULTIPLICATION SIGN} 16" in words


def test_tiles_are_numbered_by_their_first_beat() -> None:
    found = read(nest(KIND, "t"))
    cells = [a for name, a in found.seen if name == "rect"]
    numbers = [text for text in found.text if text.isdigit()]
    assert numbers == [str(n) for n in (0, 1, 2, 3, 8, 9, 10, 11)] and len(cells) == 8
    assert "8 of them are a tile that was there before" in "".join(found.text)


def test_symbols_and_types_without_loops() -> None:
    symbol = ITensor(S8, (4, 1), (Loop(Symbol("n", 9, per=4), 4, 0), Loop(2, 1, 1)))
    assert "n by 4, at most 9" in "".join(read(nest(symbol, "t")).text)
    assert not [name for name, _ in read(nest(ITensor(S8, (4,), ()), "t")).seen if name == "svg"]
