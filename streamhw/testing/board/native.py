# SPDX-License-Identifier: Apache-2.0
"""The C interface of a compiled board, typed: the structures and functions of ``board.cpp``."""

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_double, c_int, c_int64, c_uint64, c_void_p
from enum import IntEnum
from pathlib import Path
from typing import Any

from ...boards.memory.sdram_part import SdramPart

__all__ = ["BoardNumbers", "ChipRules", "Until", "load_library"]

TIMES = (
    "power_up", "t_rcd", "t_rp", "t_ras", "t_rc", "t_rfc", "t_wr", "t_rrd", "t_mrd", "t_refi",
)  # fmt: skip


class Until(IntEnum):
    """What a run waits for."""

    TIME = 0
    BYTE = 1  # from the board
    SENT = 2  # all bytes to the board
    TESTED = 3  # the memory, well or not


class ChipRules(Structure):
    """What a chip checks, as in ``sdram_chip.h``: times are picoseconds."""

    _fields_ = tuple(
        (name, c_int64) for name in ("period", "cas", "rows", "columns", "refreshes", *TIMES)
    )

    @classmethod
    def of(cls, part: SdramPart, clock_mhz: float) -> "ChipRules":
        """Those of a part at a clock."""
        sizes = (part.rows, part.columns, part.refreshes)
        times = (round(1e3 * getattr(part, name)) for name in TIMES)
        return cls(round(1e6 / clock_mhz), part.cas_latency(clock_mhz), *sizes, *times)

    def numbers(self) -> list[int]:
        """In the order of the fields."""
        return [getattr(self, field[0]) for field in self._fields_]


class BoardNumbers(Structure):
    """As in ``board.cpp``."""

    _fields_ = (
        ("ratio", c_int64),
        ("read_delay", c_int64),
        ("reset", c_int64),
        ("bit", c_double),
        ("rules", ChipRules),
    )


_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "board_create": (c_void_p, [POINTER(BoardNumbers)]),
    "board_destroy": (None, [c_void_p]),
    "board_reset": (None, [c_void_p]),
    "board_lamps": (ctypes.c_uint, [c_void_p]),
    "board_cycles": (c_int64, [c_void_p]),
    "board_lost": (c_int64, [c_void_p]),
    "board_run": (c_int, [c_void_p, c_int64, c_int]),
    "board_fault": (c_char_p, [c_void_p]),
    "board_stick": (None, [c_void_p, ctypes.c_uint, ctypes.c_uint]),
    "board_send": (None, [c_void_p, c_char_p, c_uint64]),
    "board_receive": (c_uint64, [c_void_p, c_char_p, c_uint64]),
    "board_memory": (None, [c_void_p, c_uint64, c_char_p, c_uint64, c_int]),
}


def load_library(path: Path) -> ctypes.CDLL:
    """The functions, with their types."""
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
