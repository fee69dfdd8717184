# SPDX-License-Identifier: Apache-2.0
"""``link.cfg``: how ``v++ --link`` joins the kernel to its platform (UG1702)."""

from collections.abc import Sequence

from .kernel import VitisKernel
from .kernel_shell import KERNEL

__all__ = ["INSTANCE", "link_config"]

INSTANCE = f"{KERNEL}_1"


def link_config(kernel: VitisKernel, dies: Sequence[int], *, before_place: str) -> str:
    """The file's text.

    dies: numbers of those that the design is on. All of a kernel on one die is told to the linker,
        which would keep one of several dies on one, too: those are left to ``before_place``
    before_place: name of the Tcl file that Vivado runs before it places; the Makefile puts the
        folder in place of ``@PWD@``, as Vivado runs elsewhere
    """
    lines = [
        f"platform={kernel.platform}",
        f"kernel_frequency={kernel.clock_hz / 1e6:g}",
        "save-temps=1",
        "",
        "[connectivity]",
        f"nk={KERNEL}:1:{INSTANCE}",
        *(f"sp={INSTANCE}.{master.name}:{master.bank}" for master in kernel.masters),
    ]
    if len(dies) == 1:
        lines.append(f"slr={INSTANCE}:SLR{dies[0]}")
    lines += ["", "[vivado]"]
    if len(dies) > 1:
        lines.append(f"prop=run.impl_1.STEPS.PLACE_DESIGN.TCL.PRE=@PWD@/{before_place}")
    lines += [
        "prop=run.impl_1.STEPS.PLACE_DESIGN.ARGS.DIRECTIVE=SSI_SpreadLogic_high",
        "prop=run.impl_1.STEPS.PHYS_OPT_DESIGN.IS_ENABLED=true",
        "prop=run.impl_1.STEPS.PHYS_OPT_DESIGN.ARGS.DIRECTIVE=AggressiveExplore",
        "prop=run.impl_1.STEPS.ROUTE_DESIGN.ARGS.DIRECTIVE=AggressiveExplore",
    ]
    return "\n".join(lines) + "\n"
