# SPDX-License-Identifier: Apache-2.0
"""The compiler's placement on dies, as Vivado is told it: pblocks, and registers between dies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..compiler.floorplan.kernel_slices import pieces_of
from ..compiler.floorplan.top_overhead import queue_owner
from ..compiler.floorplan.top_registers import registers_of_top
from ..compiler.ir.levels import PlacedNetlist
from .kernel_shell import DESIGN, KERNEL
from .link_config import INSTANCE

__all__ = ["CellPlan", "cell_plan", "floorplan_script", "kernel_constraints"]


@dataclass(frozen=True)
class CellPlan:
    """Where the cells of a design belong, by their paths in its top module.

    dies: by number of the die, from 0 at the bottom of the stack; a cell on another die than the
        one that it is in is named itself
    crossings: cells that begin on one die and end on another
    """

    dies: Mapping[int, tuple[str, ...]]
    crossings: tuple[str, ...]


def cell_plan(design: PlacedNetlist) -> CellPlan:
    """The plan that the stages partition and place made."""
    numbers = {die.name: number for number, die in enumerate(design.board.stack)}
    placed = dict(design.placement.dies)
    found: dict[int, list[str]] = {number: [] for number in numbers.values()}
    crossings: list[str] = []
    for instance in design.instances:
        for name, piece in pieces_of(design, instance):
            (at,) = placed.pop(name)
            if at != placed[instance.name][0]:
                paths = (path.replace(".", "/") for path in piece.instances)
                found[numbers[at]] += (f"{instance.name}/{path}" for path in paths)
    for name, dies in (placed | registers_of_top(design)).items():
        if len(dies) > 1:
            crossings.append(name)
        else:
            found[numbers[dies[0]]].append(name)
    for channel in design.channels:
        if design.queues[channel.name]:
            at = design.placement.dies[channel.sink.instance][0]
            found[numbers[at]].append(queue_owner(channel.name))
    used = {number: tuple(sorted(cells)) for number, cells in found.items() if cells}
    return CellPlan(used, tuple(sorted(crossings)))


SCRIPT = """\
# Runs in Vivado before it places: each part of the design goes to the die that the compiler chose.
# A platform may have a pblock for each die; where it has none, one is made of the whole die.

set top {{*/{instance}/inst/{design}}}

proc cells_of {{name}} {{
  global top
  return [get_cells -quiet -hierarchical -filter "NAME =~ $top/$name"]
}}

proc pblock_of {{die}} {{
  set ready [get_pblocks -quiet pblock_dynamic_SLR$die]
  if {{[llength $ready]}} {{
    return $ready
  }}
  set made [create_pblock pblock_{kernel}_SLR$die]
  resize_pblock $made -add SLR$die
  set region [get_pblocks -quiet pblock_dynamic_region]
  if {{[llength $region]}} {{
    set_property PARENT $region $made
  }}
  return $made
}}

proc place_on {{die names}} {{
  set missing 0
  set pblock [pblock_of $die]
  foreach name $names {{
    set cells [cells_of $name]
    if {{[llength $cells]}} {{
      add_cells_to_pblock $pblock $cells
    }} else {{
      incr missing
    }}
  }}
  if {{$missing}} {{
    puts "INFO: $missing of [llength $names] parts of SLR$die have no cell of their own"
  }}
}}

{dies}

# Registers at both sides of a boundary between dies, which nothing but wires joins.
foreach name {{{crossings}}} {{
  foreach kept {{payload valid back}} {{
    set registers [get_cells -quiet -hierarchical -filter \
      "NAME =~ $top/$name/${{kept}}_*_reg* && IS_SEQUENTIAL"]
    if {{[llength $registers]}} {{
      set_property USER_SLL_REG TRUE $registers
    }}
  }}
}}
"""


def floorplan_script(plan: CellPlan) -> str:
    """Tcl that places the kernel's parts in the linked design."""
    return SCRIPT.format(
        instance=INSTANCE,
        design=DESIGN,
        kernel=KERNEL,
        dies="\n\n".join(
            f"place_on {number} {_list(cells)}" for number, cells in plan.dies.items()
        ),
        crossings="".join(f"\n  {name}" for name in plan.crossings) + "\n",
    )


def kernel_constraints(plan: CellPlan) -> str:
    """XDC of the kernel alone: the cells that the floorplan names must outlive synthesis."""
    head = (
        "# Synthesis keeps what the floorplan places and the registers between dies.\n"
        "# All of the kernel is in one clock domain: no path needs an exception.\n"
    )
    if len(plan.dies) < 2:
        return head
    names = sorted(cell for cells in plan.dies.values() for cell in cells)
    kept = [*names, *plan.crossings]
    return head + "".join(
        f"set_property KEEP_HIERARCHY SOFT [get_cells -quiet {{{DESIGN}/{name}}}]\n"
        for name in kept
    )


def _list(names: Sequence[str]) -> str:
    return "{" + "".join(f"\n  {name}" for name in names) + "\n}"
