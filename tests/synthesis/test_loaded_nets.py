# SPDX-License-Identifier: Apache-2.0
"""The most loaded nets of a design: times its instances, and those at its pins."""

from streamhw.synthesis.fanout import BorderNet, FanOut, LoadedNet, Loads, NetSource
from streamhw.synthesis.loaded_nets import LARGE, NetRow, nets_of_design
from streamhw.synthesis.modules import Module, Modules
from streamhw.synthesis.pins import Driver

LEAF = FanOut(
    (
        LoadedNet("ready", Driver.LOGIC, Loads(enable=LARGE, logic=1), bits=2),
        LoadedNet("small", Driver.REGISTER, Loads(data=LARGE - 1)),
    ),
    (BorderNet((("rst", 0),), Loads(reset=5)),),
)
TOP = FanOut(
    (LoadedNet("reset", Driver.REGISTER, Loads(reset=3 * LARGE)),),
    (
        BorderNet((("go", 1), ("copy", 0)), Loads(enable=2 * LARGE)),
        BorderNet((("out", 0),), Loads(data=7), NetSource(Driver.MEMORY, "ram.out")),
        BorderNet((("unused", 0),), source=NetSource(Driver.REGISTER, "unused")),
    ),
)
MODULES = Modules(
    {
        "leaf": Module("leaf", "1", "", {}, {}),
        "top": Module("top", "2", "", {"leaf": 3}, {}),
    },
    "top",
)


def test_rows_and_counts() -> None:
    found = nets_of_design(MODULES, {"leaf": LEAF, "top": TOP})
    assert found.worst == (
        NetRow("top", 1, TOP.whole[0]),
        NetRow("top", 1, LoadedNet("go[1]", Driver.PIN, Loads(enable=2 * LARGE))),
        NetRow("leaf", 3, LEAF.whole[0]),
        NetRow("leaf", 3, LEAF.whole[1]),
        NetRow("top", 1, LoadedNet("ram.out", Driver.MEMORY, Loads(data=7))),
    )
    assert found.large == {"register": 1, "logic": 6, "pin": 1}
