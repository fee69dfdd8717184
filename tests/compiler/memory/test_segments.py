# SPDX-License-Identifier: Apache-2.0
"""The parameters of a node as parts of one stream."""

from streamhw.compiler.memory.segments import Segments


def test_turns_one_after_the_other() -> None:
    segments = Segments("n", 3, (("a", 2), ("b", 5)))
    assert segments.beats == 21
    assert segments.turns == ((3, (("a", 2), ("b", 5))),)


def test_the_first_part_stands_a_turn_ahead() -> None:
    segments = Segments("n", 3, (("a", 2), ("b", 5)), ahead=1)
    assert segments.turns == ((1, (("a", 2),)), (2, (("a", 2), ("b", 5))), (1, (("b", 5),)))
    told = sum(count * sum(beats for _, beats in parts) for count, parts in segments.turns)
    assert told == segments.beats


def test_one_turn_has_nothing_ahead() -> None:
    assert Segments("n", 1, (("a", 2), ("b", 5)), ahead=1).turns == ((1, (("a", 2), ("b", 5))),)
