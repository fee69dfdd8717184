# SPDX-License-Identifier: Apache-2.0
"""Faster versions of a few functions of Amaranth's netlist, for as long as a conversion runs."""

from .adapter import ADAPTED_VERSIONS, adapted, is_adapted

__all__ = ["ADAPTED_VERSIONS", "adapted", "is_adapted"]
