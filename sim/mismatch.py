# SPDX-License-Identifier: Apache-2.0
"""The first difference of a simulation from the integer reference, in words."""

from dataclasses import dataclass

__all__ = ["Mismatch"]


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """The first element that a kernel gave and that is not what the reference says.

    kernel, label: the instance that gave it, and what it is
    stream, value: what carried it, and the graph's or a kernel's inner value that it belongs to
    layer: of the loop, None outside it; position: of the token; token: what stands there, as text
        if there is a tokenizer
    element: its index in the value of this step; lane: of the beat
    expected, found: codes; found is None where the beat is missing
    step: the real size of one code
    unseen: streams into the kernel that nothing was compared of
    wrong, streams: how many streams differ, of how many
    """

    kernel: str
    label: str
    stream: str
    value: str
    layer: int | None
    position: int
    token: str
    element: tuple[int, ...]
    lane: int
    expected: int
    found: int | None
    step: float
    unseen: tuple[str, ...] = ()
    wrong: int = 1
    streams: int = 1

    def __str__(self) -> str:
        where = "" if self.layer is None else f"layer {self.layer}, "
        unseen = f" (not compared: {', '.join(self.unseen)})" if self.unseen else ""
        return (
            f"Kernel {self.kernel} ({self.label}) must give {self._number(self.expected)}, not "
            f"{self._number(self.found)}, at {where}position {self.position} (token {self.token}), "
            f"element {list(self.element)} of {self.value}, lane {self.lane} of stream "
            f"{self.stream}; its inputs are right{unseen}; {self.wrong} of {self.streams} streams "
            "differ"
        )

    def _number(self, code: int | None) -> str:
        if code is None:
            return "nothing"
        return f"{code}" if self.step == 1 else f"{code} ({code * self.step:.6g})"
