# SPDX-License-Identifier: Apache-2.0
"""A part that repeats is an instance where modules are collected, and a submodule elsewhere."""

from collections.abc import Callable

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module
from amaranth.lib import wiring

from streamhw.kernels.matmul.requantizer import RequantizerLane
from streamhw.stream.queue import Queue
from streamhw.stream.shared_module import SharedComponent, SharesModules
from streamhw.testing.pysim import run_streams


class Modules:
    """A platform that collects modules."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []

    def shared(self, name: str, make: Callable[[], wiring.Component], sealed: bool) -> str:
        self.asked.append((name, sealed))
        return f"{name}_here"


def lane() -> RequantizerLane:
    return RequantizerLane(width=20, result=8)


def test_an_instance_has_the_members_of_the_component() -> None:
    shared = SharedComponent(lane, lane().signature.members, "lane")
    assert dict(shared.signature.members.items()) == dict(lane().signature.members.items())


@pytest.mark.parametrize("sealed", [False, True])
def test_an_instance_of_the_module_that_the_platform_names(sealed: bool) -> None:
    m, modules = Module(), Modules()
    m.submodules.first = SharedComponent(lane, lane().signature.members, "lane", sealed=sealed)
    text = rtlil.convert(m, name="top", platform=modules, ports=[])
    assert modules.asked == [("lane", sealed)]
    assert text.count("\nmodule ") == 1
    assert "cell \\lane_here \\first" in text and "\\clk" in text and "\\rst" in text


def test_elsewhere_it_is_a_submodule() -> None:
    assert isinstance(Modules(), SharesModules) and not isinstance(None, SharesModules)

    def queue() -> Queue:
        return Queue(shape=8, depth=2)

    shared = SharedComponent(queue, queue().signature.members, "queue")
    assert run_streams(shared, inputs={"i": [3, 1, 2]}, outputs={"o": 3}).beats["o"] == [3, 1, 2]
