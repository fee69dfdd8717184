# SPDX-License-Identifier: Apache-2.0
"""Cell estimate of the matmul engine."""

from typing import TYPE_CHECKING

from .base import Resources

if TYPE_CHECKING:
    from .matmul import Matmul

__all__ = ["engine_resources"]


def engine_resources(spec: "Matmul") -> Resources:
    return Resources()
