# SPDX-License-Identifier: Apache-2.0
"""A kernel whose base address is tied to a constant, so that all its members are streams."""

from amaranth.hdl import Module
from amaranth.lib import wiring

__all__ = ["Based"]


class Based(wiring.Component):
    """``inner`` without its ``cfg_base``."""

    def __init__(self, inner: wiring.Component, base: int = 0) -> None:
        self.inner = inner
        self.base = base
        members = dict(inner.signature.members)
        del members["cfg_base"]
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = self.inner
        m.d.comb += self.inner.cfg_base.eq(self.base)
        for name in self.signature.members:
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(self.inner, name))
        return m
