# SPDX-License-Identifier: Apache-2.0
"""What bounds a step is named with the numbers of its profile, whichever it is."""

from streamhw.report.bottleneck import Limit, bottleneck
from streamhw.report.facts import PartKind
from tests.report.profiles import kernel, profile


def test_a_port_that_carries_all_it_can() -> None:
    found = bottleneck(profile(kernel("engine", 210, memory=650), peak=0.94))
    assert (found.limit, found.name, found.share) == (Limit.BANDWIDTH, "m_axi_b", 0.94)
    assert found.says == (
        "Bandwidth bounds the step of 1,000 cycles: memory port m_axi_b carries 94.0% of what it "
        "can; engine, which works most, does so in 21.0% of them and waits for memory in 65.0%."
    )
    assert found.lift.startswith("Twice the bandwidth saves at most 47.0%")


def test_a_kernel_that_works_longer_than_the_port() -> None:
    engine = kernel("engine", 900, kind=PartKind.ENGINE)
    found = bottleneck(profile(engine, kernel("norm", 80), peak=0.6))
    assert (found.limit, found.name, found.share) == (Limit.KERNEL, "engine", 0.9)
    assert "it works in 90.0% of them; memory port m_axi_b carries 60.0%" in found.says
    assert found.lift == "Twice the multipliers of engine save at most 45.0%."
    found = bottleneck(profile(kernel("engine", 200), kernel("softmax", 700)))
    assert found.lift == "Twice the lanes of softmax save at most 35.0%."


def test_a_kernel_that_waits_for_a_port_at_rest() -> None:
    found = bottleneck(profile(kernel("engine", 200, memory=700), peak=0.3))
    assert (found.limit, found.name, found.share) == (Limit.LATENCY, "engine", 0.7)
    assert "waits for memory in 70.0%, but memory port m_axi_b carries 30.0%" in found.says
    assert "(now 64 beats ahead) save at most 70.0%" in found.lift


def test_kernels_that_wait_for_each_other() -> None:
    found = bottleneck(profile(kernel("engine", 400), kernel("norm", 300), peak=0.49))
    assert (found.limit, found.name, found.share) == (Limit.SEQUENCE, "engine", 0.4)
    assert found.says.startswith("No kernel and no memory port bounds the step of 1,000 cycles")
    assert "save at most 20.0%" in found.lift


def test_half_of_the_cycles_is_enough() -> None:
    assert bottleneck(profile(kernel("engine", 500))).limit is Limit.KERNEL
    assert bottleneck(profile(kernel("engine", 499))).limit is Limit.SEQUENCE
    assert bottleneck(profile(kernel("engine", 500), peak=0.5)).limit is Limit.BANDWIDTH
