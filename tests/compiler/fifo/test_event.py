# SPDX-License-Identifier: Apache-2.0
"""Events are plain data: equal ones are one variable, and a rule names them."""

import pickle

from streamhw.compiler.fifo import FIRST, LAST, Event, Rule, Side, ends


def test_equal_events_are_one_variable() -> None:
    assert ends("norm", Side.INPUT) == (
        Event("norm", Side.INPUT, FIRST),
        Event("norm", Side.INPUT, LAST),
    )
    assert len({*ends("norm", Side.INPUT), *ends("norm", Side.OUTPUT)}) == 4
    time = dict.fromkeys(ends("norm", Side.INPUT), 1.0)
    assert pickle.loads(pickle.dumps(time)) == time


def test_a_task_may_have_any_name() -> None:
    """Nothing is read from a name, so that one with dots is a name like others."""
    assert Event("h.0.i", Side.OUTPUT, FIRST) != Event("h.0", Side.OUTPUT, FIRST)
    first, last = ends("h.0.norm", Side.OUTPUT)
    rule = Rule(((last, 1.0), (first, -1.0), (Event("q", Side.STREAM, 3), -0.5)), 7.0, "pace")
    assert str(rule) == "+ 1 h.0.norm.o.last - 1 h.0.norm.o.first - 0.5 q.stream.3 >= 7 (pace)"
