# SPDX-License-Identifier: Apache-2.0
"""A part that repeats: an ordinary submodule, or an instance where the platform shares modules."""

from collections.abc import Callable

from amaranth.back import rtlil
from amaranth.hdl import Fragment
from amaranth.lib import wiring

from streamhw.stream.shared_module import SharedComponent
from streamhw.stream.skid import Skid
from streamhw.testing import run_streams


def shared_skid() -> SharedComponent:
    return SharedComponent(
        lambda: Skid(shape=8), dict(Skid(shape=8).signature.members.items()), "skid_8"
    )


class Modules:
    """A platform that collects modules."""

    def __init__(self) -> None:
        self.made: dict[str, wiring.Component] = {}

    def shared(self, name: str, make: Callable[[], wiring.Component]) -> str:
        if name not in self.made:
            self.made[name] = make()
        return f"{name}_module"


def test_elsewhere_it_is_the_component() -> None:
    run = run_streams(
        shared_skid(),
        inputs={"i": list(range(40))},
        outputs={"o": 40},
        source="often",
        sink="bursts",
        registered=False,
    )
    assert run.beats["o"] == list(range(40))


def test_a_platform_that_collects_modules_gets_one() -> None:
    platform = Modules()
    for _ in range(2):
        fragment = Fragment.get(shared_skid(), platform)
        assert fragment is not None
    assert list(platform.made) == ["skid_8"]
    assert "\\skid_8_module" in rtlil.convert(shared_skid(), name="top", platform=platform)
