# SPDX-License-Identifier: Apache-2.0
"""A profile as tables: what kernels did, and when they gave what they made."""

from collections.abc import Callable, Iterator

from .fitted_table import FittedTable, numbers, words
from .kernel_cycles import KernelCycles
from .profile import StepProfile, TaskTimes

__all__ = ["STATES", "kernel_table", "shown_times", "times_table"]

STATES: dict[str, Callable[[KernelCycles], int]] = {
    "works": lambda kernel: kernel.works,
    "waits for input": lambda kernel: kernel.input,
    "for room": lambda kernel: kernel.room,
    "for memory": lambda kernel: kernel.memory,
    "idle": lambda kernel: kernel.idle,
}
"""What a kernel does in a cycle, in the order of columns."""


def kernel_table(profile: StepProfile) -> FittedTable:
    """A row for each kernel: shares of the cycles of the step, which add up to all of them."""
    table = FittedTable(
        [*words("kernel"), *numbers(*STATES)],
        title=f"kernels in the {profile.cycles:,} cycles of the step",
    )
    for kernel in profile.kernels:
        shares = (f"{kernel.share(count(kernel)):.1%}" for count in STATES.values())
        table.add_row(kernel.name, *shares)
    return table


def times_table(profile: StepProfile) -> FittedTable:
    """When each kernel gave its first and its last beat of an invocation."""
    table = FittedTable(
        [
            *words("in", keeps=1),
            *words("by"),
            *numbers("predicted", keeps=2),
            *numbers("measured", "later"),
        ],
        title="beats given, in cycles of the step: first and last",
    )
    for times in shown_times(profile):
        if times.measured is not None:
            first, last = times.predicted
            table.add_row(
                times.invocation,
                times.task,
                f"{first:,.0f} to {last:,.0f}",
                "{:,} to {:,}".format(*times.measured),
                f"{times.measured[1] - last:+,.0f}",
            )
    return table


def shown_times(profile: StepProfile) -> Iterator[TaskTimes]:
    """Those of kernels, of one layer: the second, as the first may have waited for what is before
    it."""
    layers = {t.invocation for t in profile.times if t.invocation.startswith("layer")}
    layer = "layer 1" if len(layers) > 1 else "layer 0"
    hidden = layers - {layer}
    kernels = {kernel.name for kernel in profile.kernels}
    for times in profile.times:
        if times.kernel in kernels and times.invocation not in hidden:
            yield times
