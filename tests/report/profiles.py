# SPDX-License-Identifier: Apache-2.0
"""A profile that might have been measured, for tests of what is made of one."""

from streamhw.report.facts import PartKind
from streamhw.report.kernel_cycles import KernelCycles
from streamhw.report.measured import ChannelUse
from streamhw.report.profile import StepProfile, TaskTimes

__all__ = ["CYCLES", "kernel", "profile"]

CYCLES = 1000


def kernel(
    name: str, works: int, *, memory: int = 0, kind: PartKind = PartKind.KERNEL
) -> KernelCycles:
    """One that is idle, but for what is said."""
    idle = CYCLES - works - memory
    return KernelCycles(
        name=name, kind=kind, works=works, input=0, room=0, memory=memory, idle=idle
    )


def profile(*kernels: KernelCycles, peak: float = 0.1) -> StepProfile:
    """A step of these kernels; its busiest memory port carried ``peak`` of what it could."""
    uses = {"m_axi_a": 0.05, "m_axi_b": peak}
    ports = {
        name: ChannelUse(read_bytes=640, write_bytes=64, peak=share, busy=0.9)
        for name, share in uses.items()
    }
    times = (
        TaskTimes(invocation="layer 0", task="sum", kernel="engine", predicted=(1.0, 9.0)),
        TaskTimes(
            invocation="layer 1",
            task="sum",
            kernel="engine",
            predicted=(100.5, 205.5),
            measured=(101, 210),
        ),
        TaskTimes(invocation="layer 1", task="fork", kernel="fork", predicted=(100.0, 200.0)),
        TaskTimes(
            invocation="tail",
            task="norm",
            kernel="norm",
            predicted=(300.0, 400.0),
            measured=(300, 398),
        ),
    )
    return StepProfile(
        model="tiny",
        board="sim",
        position=9,
        cycles=CYCLES,
        memory="ideal",
        kernels=kernels or (kernel("engine", 600, kind=PartKind.ENGINE), kernel("norm", 80)),
        ports=ports,
        times=times,
        prefetch=64,
        source="digest",
    )
