# SPDX-License-Identifier: Apache-2.0
"""Wide parts as narrow ones in parallel, each with the control that its share of a beat needs."""

from collections.abc import Callable, Sequence

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import stream, wiring

from .shared_module import SharedComponent

__all__ = ["SHARE", "connect_shares", "place_shares", "shares_of"]

SHARE = 504
"""Most bits of payload behind one copy of control: whole words of a block RAM (72 bits) and of
LUTs as memory (14 bits)."""


def shares_of(width: int, parts: int = 1) -> tuple[range, ...]:
    """The shares of a beat of ``width`` bits, or of each of ``parts`` such beats held together.

    Ensures  ``parts`` times a share is at most ``SHARE`` bits, or the share is one bit
    """
    each = max(1, SHARE // parts)
    return tuple(range(at, min(at + each, width)) for at in range(0, width, each))


def place_shares(
    m: Module, name: str, make: Callable[[int], wiring.Component], shares: Sequence[range]
) -> list[wiring.Component]:
    """A submodule for each share, and one Verilog module for those of a size.

    name: of the module, the same for equal components only; make: gives that of so many bits

    Their control is equal in each cycle; a hierarchy that is kept keeps synthesis from merging it.
    """
    members = {len(share): dict(make(len(share)).signature.members) for share in shares}

    def placed(bits: int) -> SharedComponent:
        return SharedComponent(lambda: make(bits), members[bits], f"{name}_{bits}", apart=True)

    found: list[wiring.Component] = []
    for n, share in enumerate(shares):
        found.append(component := placed(len(share)))
        m.submodules[f"share_{n}"] = component
    return found


def connect_shares(
    m: Module,
    outer: stream.Interface,
    inner: Sequence[stream.Interface],
    shares: Sequence[range],
    *,
    into: bool,
) -> None:
    """A stream of a wide part is those of its shares: valid and ready are the first one's.

    into: whether the beats go into the part
    """
    width = shares[-1].stop
    payload = Value.cast(outer.payload)
    for share, one in zip(shares, inner, strict=True):
        theirs = Value.cast(one.payload)
        ours = Cat(
            payload[at + share.start : at + share.stop] for at in range(0, len(payload), width)
        )
        if into:
            m.d.comb += [theirs.eq(ours), one.valid.eq(outer.valid)]
        else:
            m.d.comb += [ours.eq(theirs), one.ready.eq(outer.ready)]
    m.d.comb += outer.ready.eq(inner[0].ready) if into else outer.valid.eq(inner[0].valid)
