# SPDX-License-Identifier: Apache-2.0
"""What all infrastructure has in common: parts that move streams and compute nothing."""

from abc import ABC, abstractmethod
from typing import ClassVar

from amaranth.lib import wiring

from ....stream.behaviour import Behaviour
from ....stream.spec import Port, Resources

__all__ = ["InfrastructureSpec"]


class InfrastructureSpec(ABC):
    """A part that moves streams without computing: subclasses are frozen keyword-only dataclasses.

    label: what it is, for reports
    """

    label: ClassVar[str]

    @property
    @abstractmethod
    def ports(self) -> tuple[Port, ...]:
        """All stream ports with their types."""

    @abstractmethod
    def resources(self) -> Resources:
        """Estimated cells; compared with synthesis."""

    @abstractmethod
    def create(self) -> wiring.Component:
        """The hardware: a component that has at least the streams of ``ports``."""

    def behaviour(self) -> Behaviour:
        """What else the compiler must know: by default that a beat takes a cycle on its way."""
        return Behaviour()
