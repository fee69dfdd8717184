# SPDX-License-Identifier: Apache-2.0
"""The AXI4-Lite register map, shared by the generated hardware and by every driver."""

from enum import IntEnum

__all__ = [
    "BASE_HI",
    "BASE_LO",
    "BLOCKED",
    "BUILD",
    "CONTROL",
    "CONTROL_ABORT",
    "CONTROL_CLEAR",
    "CONTROL_FORGET",
    "CONTROL_START",
    "CONTROL_STOP",
    "COUNT",
    "COUNTERS",
    "COUNTER_BITS",
    "COUNTER_SPAN",
    "CYCLES_HI",
    "CYCLES_LO",
    "EOS",
    "EOS_ENABLE",
    "FAULT",
    "FAULT_ADDRESS_HI",
    "FAULT_ADDRESS_LO",
    "FAULT_KIND",
    "FAULT_PORT",
    "FAULT_WRITE",
    "ID",
    "ID_VALUE",
    "OBSERVED",
    "PORT_BEATS",
    "PROMPT_LENGTH",
    "READ_ERRORS",
    "STARVED",
    "STATUS",
    "STATUS_ABORTED",
    "STATUS_BUSY",
    "STATUS_DONE",
    "STATUS_ERROR",
    "STATUS_IDLE",
    "STATUS_REFUSED",
    "STATUS_STUCK",
    "TOTAL_LENGTH",
    "TRANSFERS",
    "WATCHDOG",
    "WATCHDOG_DEFAULT",
    "WINDOW_MINIMUM",
    "WRITE_ERRORS",
    "MemoryFault",
    "Refusal",
    "address_width",
    "counters",
    "register_map",
    "window_offset",
]

# Byte addresses; every register has 32 bits. While BUSY, what is rw is read-only, and the window.
ID = 0x00  # ro: ID_VALUE
BUILD = 0x04  # ro: low 32 bits of the design digest
CONTROL = 0x08  # wo: CONTROL_*; after a start is answered, COUNT is the prompt's and DONE is 0
STATUS = 0x0C  # ro: STATUS_*
PROMPT_LENGTH = 0x10  # rw: tokens in the window that the host wrote
TOTAL_LENGTH = 0x14  # rw: prompt plus wanted tokens, at most the context
COUNT = 0x18  # ro: valid tokens in the window
EOS = 0x1C  # rw: EOS_ENABLE | token that ends the answer
CYCLES_LO = 0x20  # ro: cycles spent busy since the last start
CYCLES_HI = 0x24  # ro
BASE_LO = 0x28  # rw: byte address of the memory image
BASE_HI = 0x2C  # rw
READ_ERRORS = 0x30  # ro: bit p: reads of memory port p had a MemoryFault
WRITE_ERRORS = 0x34  # ro: the same of writes
FAULT = 0x38  # ro: FAULT_*: the first fault since reset or clear
FAULT_ADDRESS_LO = 0x3C  # ro: byte address of the burst that had it, as the port saw it
FAULT_ADDRESS_HI = 0x40  # ro
WATCHDOG = 0x44  # rw: memory must do something within as many cycles, at most twice; 0: no limit
OBSERVED = 0x48  # rw: number of the stream that is counted, in the order of the manifest

# Counters are pairs of registers: COUNTER_BITS in all, the low word first, and reading it freezes
# what the high word reads. A counter begins again at 0 behind its end.
COUNTERS = 0x400
COUNTER_SPAN = 8  # bytes from one to the next
TRANSFERS = COUNTERS + 0x00  # ro: busy cycles since the last start in which OBSERVED moved a beat
BLOCKED = COUNTERS + 0x08  # ro: in which it had a beat and no room for it
STARVED = COUNTERS + 0x10  # ro: in which it had room and no beat
PORT_BEATS = (
    COUNTERS + 0x18
)  # ro: beats read at memory port 0 since reset, written, those of 1, ...
COUNTER_BITS = 40

ID_VALUE = 0x53544857  # "STHW"

CONTROL_START = 1 << 0
CONTROL_STOP = 1 << 1  # stop after the current token
CONTROL_ABORT = 1 << 2  # end what is under way at memory, then reset all but the registers
CONTROL_CLEAR = 1 << 3  # forget faults; does nothing while BUSY
CONTROL_FORGET = 1 << 4  # what an abort waits for at memory will never come; does nothing else

STATUS_BUSY = 1 << 0
STATUS_DONE = 1 << 1
STATUS_ERROR = 1 << 2  # a start was refused, or FAULT is not 0
STATUS_IDLE = 1 << 3  # not BUSY, no abort or fault to end, memory owes nothing
STATUS_ABORTED = 1 << 4  # a fault or CONTROL_ABORT ended what the last start began
STATUS_STUCK = 1 << 5  # memory owes something and did nothing for the time of WATCHDOG
STATUS_REFUSED = 0xF << 8  # a Refusal: why the last start was refused

EOS_ENABLE = 1 << 31

FAULT_KIND = 0x7  # a MemoryFault
FAULT_WRITE = 1 << 4
FAULT_PORT = 0x1F << 8

WATCHDOG_DEFAULT = 1 << 15


class Refusal(IntEnum):
    """Why the machine did not start; the first reason in this order."""

    NONE = 0
    PROMPT = 1  # PROMPT_LENGTH is 0
    CONTEXT = 2  # TOTAL_LENGTH is above the context
    TOTAL = 3  # TOTAL_LENGTH is not above PROMPT_LENGTH
    BASE = 4  # BASE is no multiple of a memory beat, or above the addresses of the memory ports
    MEMORY = 5  # FAULT is not 0
    DRAINING = 6  # an abort has not ended: memory still owes something


class MemoryFault(IntEnum):
    """What memory did wrong; the first three are the response that it gave."""

    NONE = 0
    EXOKAY = 1
    SLVERR = 2
    DECERR = 3
    SHORT = 4  # RLAST before the last beat of a burst
    LONG = 5  # no RLAST at the last beat of a burst
    UNREQUESTED = 6  # an answer that nobody asked for
    TIMEOUT = 7  # nothing happened for the time of WATCHDOG


WINDOW_MINIMUM = 0x1000


def window_offset(context: int) -> int:
    """Byte address of the token window: word i of it is the token at position i.

    The window is aligned to its own size, so one address bit selects it in hardware.
    """
    if context < 1:
        raise ValueError(f"Context must be at least 1, not {context}")
    return max(WINDOW_MINIMUM, 1 << (4 * context - 1).bit_length())


def address_width(context: int) -> int:
    """Bits of the AXI4-Lite byte address: registers below the window, the window above."""
    return window_offset(context).bit_length()


def counters(ports: int) -> int:
    """Counters of a design with so many memory ports."""
    return (PORT_BEATS - COUNTERS) // COUNTER_SPAN + 2 * ports


def register_map(context: int) -> dict[str, int]:
    """Byte addresses by register name, and the token window."""
    return {
        "ID": ID,
        "BUILD": BUILD,
        "CONTROL": CONTROL,
        "STATUS": STATUS,
        "PROMPT_LENGTH": PROMPT_LENGTH,
        "TOTAL_LENGTH": TOTAL_LENGTH,
        "COUNT": COUNT,
        "EOS": EOS,
        "CYCLES_LO": CYCLES_LO,
        "CYCLES_HI": CYCLES_HI,
        "BASE_LO": BASE_LO,
        "BASE_HI": BASE_HI,
        "READ_ERRORS": READ_ERRORS,
        "WRITE_ERRORS": WRITE_ERRORS,
        "FAULT": FAULT,
        "FAULT_ADDRESS_LO": FAULT_ADDRESS_LO,
        "FAULT_ADDRESS_HI": FAULT_ADDRESS_HI,
        "WATCHDOG": WATCHDOG,
        "OBSERVED": OBSERVED,
        "TRANSFERS": TRANSFERS,
        "BLOCKED": BLOCKED,
        "STARVED": STARVED,
        "PORT_BEATS": PORT_BEATS,
        "WINDOW": window_offset(context),
    }
