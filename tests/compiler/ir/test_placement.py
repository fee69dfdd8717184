# SPDX-License-Identifier: Apache-2.0
"""Placements are plain data, and count what they hold."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.ir.placement import Placement, Slices
from streamhw.compiler.resources.fpga_cells import Cells, RamKind
from streamhw.compiler.resources.ram_mapping import Store
from streamhw.stream.spec import Memory


def test_equal_placements_are_one_value() -> None:
    def made() -> Placement:
        store = Store(
            owner="a",
            memory=Memory(8, 4),
            die="die",
            kind=RamKind.DISTRIBUTED,
            cells=Cells(),
        )
        return Placement(
            ports={"dma": ("mem0",)},
            cells={"a": Cells(luts=2), "b": Cells(luts=3)},
            queues=Cells(ffs=5),
            stores=(store,),
        )

    assert made() == made() and hash(made()) == hash(made())
    assert made().total == Cells(luts=5, ffs=5)
    assert made().kinds("a") == (RamKind.DISTRIBUTED,) and made().kinds("b") == ()
    assert hash(Slices({"a": ("die",)})) == hash(Slices({"a": ("die",)}))


def test_every_part_of_a_design_has_its_die_and_cells(design: PlacedNetlist) -> None:
    names = {instance.name for instance in design.instances}
    assert names <= set(design.placement.cells) and names <= set(design.placement.dies)
    assert names <= set(design.slices.dies)
