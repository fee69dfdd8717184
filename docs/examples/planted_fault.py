# SPDX-License-Identifier: Apache-2.0
"""A build whose memory has one wrong bit, as a broken chip would: the comparison names it.

Usage: python docs/examples/planted_fault.py MODEL
"""

import sys
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

import streamhw
from streamhw.errors import InternalError

__all__ = ["WrongBit", "first_difference"]


class WrongBit(streamhw.Build):
    """A build with one wrong bit in the first parameter of its second layer, the norm's first
    multiplier; its reference has the right one."""

    @property
    def image(self) -> NDArray[np.uint8]:
        region = self.manifest.memory.region("body")
        second = region.offset + region.bytes // self.model.graph.loops[0].trips
        changed = super().image.copy()
        changed[second + 1] ^= 0x40
        return changed


def first_difference(built: streamhw.Build, prompt: list[int]) -> str:
    """What the comparison says of the wrong bit; "" if it does not see it."""
    wrong = WrongBit(**{field.name: getattr(built, field.name) for field in fields(built)})
    try:
        streamhw.simulate(wrong, prompt, tokens=2, check=True)
    except InternalError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    print(first_difference(streamhw.build(sys.argv[1]), [1, 2, 3, 4, 5]))
