# SPDX-License-Identifier: Apache-2.0
"""A few functions of Amaranth's conversion for as long as it runs: faster, and with operands of one
width."""

from .adapter import ADAPTED_VERSIONS, adapted, is_adapted

__all__ = ["ADAPTED_VERSIONS", "adapted", "is_adapted"]
