# SPDX-License-Identifier: Apache-2.0
"""Keys and values of a sequence so far."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cache"]

Reals = NDArray[np.float64]
Key = tuple[str, int | None, str]


@dataclass
class Cache:
    """Keys and values of all positions so far, of each attention node and layer."""

    position: int = 0
    _stored: dict[Key, Reals] = field(default_factory=dict)
    _counts: dict[Key, int] = field(default_factory=dict)

    def append(self, key: Key, rows: Reals) -> Reals:
        """All rows [..., positions, head_dim] with the new ones at the end; room is doubled, so
        that no row is moved at each step."""
        before = self._counts.get(key, 0)
        after = before + rows.shape[-2]
        stored = self._stored.get(key)
        if stored is None or stored.shape[-2] < after:
            wider = np.empty((*rows.shape[:-2], max(64, 2 * after), rows.shape[-1]))
            if stored is not None:
                wider[..., :before, :] = stored[..., :before, :]
            stored = self._stored[key] = wider
        stored[..., before:after, :] = rows
        self._counts[key] = after
        return stored[..., :after, :]
