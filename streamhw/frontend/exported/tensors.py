# SPDX-License-Identifier: Apache-2.0
"""Trained tensors of a raised model by name, each as the layers take it."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..reading.stored_tensor import ChangedTensor, StoredTensor
from .constant import Constant

__all__ = ["TrainedTensors"]

Floats = NDArray[np.float32]


@dataclass(eq=False)
class TrainedTensors:
    """Tensors by the names that the program has for them, with ``#`` and a number behind those of
    other tensors that were computed from the same one."""

    found: dict[str, StoredTensor] = field(default_factory=dict)
    _keys: dict[str, Hashable] = field(default_factory=dict)

    def add(self, constant: Constant, place: str, end: str) -> str:
        """The name of a constant that a layer at a place has as its ``end``: weight or bias."""
        names = constant.names
        # Of the names of a tied tensor, that of the layer.
        known = next((name for name in names if name in self.found), None)
        own = next((name for name in names if name.startswith(f"{place}.")), None)
        name = known or own or (names[0] if names else f"{place or 'model'}.{end}")
        return self._put(name, constant, None if constant.whole else id(constant.native))

    def changed(
        self,
        name: str,
        change: Callable[[Floats], Floats],
        shape: tuple[int, ...],
        key: Hashable,
    ) -> str:
        """The name of what a change makes of a tensor; ``key`` tells changes apart."""
        return self._put(name, ChangedTensor(self.found[name], change, shape), (name, key))

    def named(self, used: Iterable[str]) -> dict[str, str]:
        """Names for those that a graph uses: as the program has them, if one tensor wants each."""
        names: dict[str, str] = {}
        taken: set[str] = set()
        for key in used:
            stem, _, end = key.partition("#")[0].rpartition(".")
            name, number = f"{stem}.{end}" if stem else end, 0
            while key not in names and name in taken:
                number += 1
                name = f"{stem}.part{number}.{end}"
            taken.add(names.setdefault(key, name))
        return names

    def _put(self, name: str, tensor: StoredTensor, key: Hashable) -> str:
        name = name.partition("#")[0]
        wanted, number = name, 0
        while wanted in self.found and self._keys[wanted] != key:
            number += 1
            wanted = f"{name}#{number}"
        self.found.setdefault(wanted, tensor)
        self._keys.setdefault(wanted, key)
        return wanted
