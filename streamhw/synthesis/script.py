# SPDX-License-Identifier: Apache-2.0
"""Yosys scripts: synthesis for a family with the submodules of the top kept apart.

Yosys' own scripts do the work, label by label, for two reasons. Progress can be shown; and bus nets
must be split before ABC9 maps logic to LUTs. Without that, ABC9's result can get two nets of one
name and Yosys stops with ``Assert `count_id(wire->name) == 0' failed`` (YosysHQ/yosys issue 4349,
open; ``splitnets`` is what its maintainers advise). The design of a GPT-2 meets that on both
families, in the same place of a netlist that is sound: no cell differs.
"""

from collections.abc import Sequence
from itertools import pairwise

from ..boards.base import Family
from .yosys import MARK

__all__ = ["STAGES", "STATISTICS", "script"]

STATISTICS = "stat.json"

STAGES: dict[Family, tuple[str, ...]] = {
    Family.ECP5: ("begin", "coarse", "map_ram", "map_gates", "map_luts", "check"),
    Family.ULTRASCALE_PLUS: ("begin", "prepare", "map_dsp", "coarse", "map_memory", "fine",
                             "map_luts", "check"),
}  # fmt: skip
"""Labels of a family's script at which it is cut; the last is where it ends."""

_OPTIONS = {
    Family.ECP5: "",
    # A part of a chip, not a chip: no pads, no clock buffer. Large memories may become URAM.
    Family.ULTRASCALE_PLUS: " -flatten -noiopad -noclkbuf -uram",
}


def script(
    family: Family, *, top: str, source: str, keep: Sequence[str], absent: Sequence[str] = ()
) -> str:
    """A script that leaves cell counts of each module of ``keep`` and the top in ``STATISTICS``.

    keep: modules that keep their boundary; everything below them becomes part of them
    absent: modules whose contents are not looked at
    """
    synth = f"{family.value} -top {top}{_OPTIONS[family]}"
    lines = [f"read_verilog {source}", f"hierarchy -check -top {top}"]
    lines += [f"blackbox {_escaped(name)}" for name in absent]
    lines += [f"setattr -mod -set keep_hierarchy 1 {_escaped(name)}" for name in keep]
    stages = STAGES[family]
    for stage, following in pairwise(stages):
        if stage == "map_luts":
            lines.append("splitnets")
        lines += [f"{synth} -run {stage}:{following}", f"log -stderr {MARK} {stage}"]
    lines.append(f"tee -q -o {STATISTICS} stat -json")
    return "\n".join(lines) + "\n"


def _escaped(name: str) -> str:
    return f"\\{name}"
