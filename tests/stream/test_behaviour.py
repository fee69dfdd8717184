# SPDX-License-Identifier: Apache-2.0
"""What a part says of itself, and what is assumed of one that says nothing."""

from streamhw.kernels.elementwise.add import AddSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.behaviour import Behaviour, MemoryUse
from streamhw.stream.itensor.itensor import row_major
from streamhw.stream.timing import Timing


def test_a_plain_pipeline_needs_what_its_latency_is_longer_than_its_drain() -> None:
    plain = Behaviour()
    assert plain.ahead({}, Timing(latency=9, interval=20, drain=4)) == 5
    assert plain.ahead({}, Timing(latency=4, interval=20, drain=4)) == 0
    assert plain.ahead({}, Timing(latency=3, interval=20, drain=4)) == 0


def test_nothing_is_exclusive_held_or_in_memory_unless_said() -> None:
    plain = Behaviour()
    assert not (plain.exclusive or plain.late_parameters or plain.shares or plain.queued)
    assert (plain.multiplies, plain.contexts, plain.stored_bits) == (0, (), 0)
    assert plain.memory == MemoryUse()
    assert plain.memory.longer({}, 100.0) == 0 and plain.memory.traffic is None


def test_a_kernel_that_says_nothing_is_a_plain_pipeline() -> None:
    spec = AddSpec(type=row_major(Fixed(8), (2, 4), 2), a=Fixed(8), b=Fixed(8), out=Fixed(8))
    behaviour = spec.behaviour()
    timing = spec.timing({})
    assert behaviour.ahead({}, timing) == timing.latency - timing.drain == 0
