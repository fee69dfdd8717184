# SPDX-License-Identifier: Apache-2.0
"""The picture of a wave file: its beats are marked in their cycles, and its numbers are told."""

from pathlib import Path
from runpy import run_path
from xml.etree import ElementTree

import numpy as np

from streamhw.numerics.fixed import Fixed
from streamhw.waves.shown_stream import Place, ShownStream
from streamhw.waves.stream_waves import StreamChanges, StreamWaves

DRAWN = run_path(str(Path(__file__).parents[2] / "scripts" / "draw_waves.py"))
SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture(tmp_path: Path) -> None:
    file = tmp_path / "w.fst"
    places = (Place(group="layer", kernel="norm_1", port="i"),)
    waves = StreamWaves(
        file, [ShownStream(name="s", fmt=Fixed(8, 2), lanes=1, places=places)], begin=10
    )
    changes = StreamChanges(
        cycles=np.array([0, 5, 6, 9]),
        hands=np.array([2, 1, 3, 2], dtype=np.uint8),
        offered=np.array([5, 7, 8]),
        numbers=np.arange(3),
        beats=np.array([[4], [255], [6]], dtype=np.uint8),
    )
    waves.add(40, {"s": changes})
    waves.close()
    tree = ElementTree.fromstring(DRAWN["drawn"](file, ["layer.norm_1.i"], None, 40))
    step, names = DRAWN["STEP"], DRAWN["NAMES"]
    marked = [int(r.attrib["x"]) for r in tree.iter(f"{SVG}rect") if "x" in r.attrib]
    assert marked == [names + cycle * step for cycle in (6, 7, 8)]
    texts = [text.text for text in tree.iter(f"{SVG}text")]
    assert "layer.norm_1.i.valid" in texts and "-0.25 to 1.5" in texts and "20" in texts
    valid, ready, lane = (path.attrib["d"] for path in tree.iter(f"{SVG}path"))
    low, high = (30 + DRAWN["BIT"] - 12 * bit for bit in (0, 1))
    begin, end, last = (names + cycle * step for cycle in (5, 9, 40))
    assert valid == f"M{names} {low}.0H{begin}V{high}.0H{end}V{low}.0H{last}"
    assert ready.count("V") == 2 and lane.count("V") == 2 and lane.startswith(f"M{begin} ")
