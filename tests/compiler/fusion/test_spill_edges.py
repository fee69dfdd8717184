# SPDX-License-Identifier: Apache-2.0
"""Streams that are cut go through memory and come in the order of their sink."""

from streamhw.compiler.fusion.paths import Paths
from streamhw.compiler.fusion.spill_edges import cut_of, with_cuts


def test_a_cut_has_a_writer_and_a_reader(compiled) -> None:
    design = compiled(stop="convert")
    found = [(path, cut_of(path, design.board.beat_bits)) for path in Paths(design).all]
    cuts = [(path, cut) for path, cut in found if cut is not None]
    assert len(cuts) > 4
    assert all(cut is None for path, cut in found if path.through_memory)
    for path, cut in cuts:
        assert cut.write.port("i").type.is_same_stream(path.produced)
        last = cut.read if cut.convert is None else cut.convert
        assert last.port("o").type.is_same_stream(path.consumed)


def test_only_the_cut_stream_changes(compiled) -> None:
    design = compiled(stop="convert")
    assert with_cuts(design, ()) is design
    path, cut = next(
        (path, cut)
        for path in Paths(design).all
        if (cut := cut_of(path, design.board.beat_bits)) is not None
    )
    changed = with_cuts(design, [(path, cut)])
    gone = {c.name for c in design.channels} - {c.name for c in changed.channels}
    assert gone <= {channel.name for channel in path.channels}
    new = {i.name for i in changed.instances} - {i.name for i in design.instances}
    assert {f"{path.name}_write", f"{path.name}_read"} <= new
    for channel in changed.channels:
        assert channel.produced.is_same_stream(channel.consumed)
