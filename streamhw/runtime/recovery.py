# SPDX-License-Identifier: Apache-2.0
"""Brings an accelerator to rest after a fault of memory or in mid-answer, through its registers."""

from ..errors import DeviceError, InternalError
from ..stream.axi import register_map as registers
from ..stream.axi.register_map import MemoryFault
from .device import Device

__all__ = ["RECOVER", "fault_text", "recover", "settle"]

RECOVER = "streamhw.runtime.recovery.recover(device) makes it ready for the next answer"
"""What to do after a fault of memory."""

RESET_HINT = (
    "Reset memory and device together; or call streamhw.runtime.recovery.recover(device, "
    "forget=True) if memory lost it, before memory is reset"
)
"""What to do if memory does not end what it began."""

LOOKS = 100_000
"""Looks at STATUS until an accelerator must be idle whose memory is not known to be stuck."""


def settle(device: Device) -> None:
    """Waits until the accelerator is idle: an answer may be started.

    Raises ``InternalError`` if it is busy, ``DeviceError`` if memory has a fault, or owes something
    for ever.
    """
    status = device.read32(registers.STATUS)
    if status & registers.STATUS_BUSY:
        raise InternalError("Device must not be busy when an answer starts")
    for _ in range(LOOKS):
        if status & registers.STATUS_IDLE:
            return
        if text := fault_text(device):
            raise DeviceError(text, hint=RECOVER)
        if status & registers.STATUS_STUCK:
            break
        status = device.read32(registers.STATUS)
    raise DeviceError(
        "Memory must answer all that it was asked before an answer starts, but still owes some",
        hint=RESET_HINT,
    )


def recover(device: Device, *, forget: bool = False) -> None:
    """Ends whatever the accelerator does and forgets its faults: an answer may be started.

    forget: what memory owes will never come: it lost it, or is reset before the next answer

    Raises ``DeviceError`` if memory does not answer what it was asked before.
    """
    device.write32(registers.CONTROL, registers.CONTROL_ABORT)
    for _ in range(LOOKS):
        status = device.read32(registers.STATUS)
        if status & registers.STATUS_IDLE:
            return
        told = 0
        if not status & registers.STATUS_BUSY:
            # A fault of the abort itself is to go as well: only what memory owes keeps it up.
            told |= registers.CONTROL_CLEAR if status & registers.STATUS_ERROR else 0
            if status & registers.STATUS_STUCK:
                if not forget:
                    break
                # Only now: what comes late would be taken for the answer of a later request.
                told |= registers.CONTROL_FORGET
        if told:
            device.write32(registers.CONTROL, told)
    raise DeviceError(
        "Memory must answer all that it was asked before an abort, but still owes some",
        hint=RESET_HINT,
    )


def fault_text(device: Device) -> str:
    """The first fault of memory in a sentence; nothing if there is none."""
    fault = device.read32(registers.FAULT)
    kind = MemoryFault(fault & registers.FAULT_KIND)
    what = "write" if fault & registers.FAULT_WRITE else "read"
    port = device.manifest.ports[(fault & registers.FAULT_PORT) >> 8].name
    low, high = (
        device.read32(at) for at in (registers.FAULT_ADDRESS_LO, registers.FAULT_ADDRESS_HI)
    )
    address = f"{high << 32 | low:#x}"
    match kind:
        case MemoryFault.NONE:
            return ""
        case MemoryFault.SHORT:
            return (
                f"Memory must end each read at its last beat, but port {port} ended the one at "
                f"{address} before"
            )
        case MemoryFault.LONG:
            return (
                f"Memory must end each read at its last beat, but port {port} did not end the one "
                f"at {address}"
            )
        case MemoryFault.UNREQUESTED:
            return (
                f"Memory must answer each {what} once, but port {port} gave an answer that nobody "
                "asked for"
            )
        case MemoryFault.TIMEOUT:
            limit = device.read32(registers.WATCHDOG)
            return (
                f"Memory must do something within {limit} cycles, but port {port} left the {what} "
                f"at {address} without an answer"
            )
    return (
        f"Memory must answer each {what} without an error, but port {port} gave {kind.name} at "
        f"{address}"
    )
