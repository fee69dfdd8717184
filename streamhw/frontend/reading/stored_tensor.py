# SPDX-License-Identifier: Apache-2.0
"""Tensors in files, not read yet, and the changes that they get as they are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["ChangedTensor", "StoredTensor", "StoredTensors", "ZeroTensor", "without_wrappers"]


class StoredTensor(Protocol):
    """A tensor in a file, not read yet."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def kind(self) -> str:
        """``F64``, ``F32``, ``F16`` or ``BF16``; others are refused."""
        ...

    def read(self) -> NDArray[Any]:
        """Its values."""
        ...


StoredTensors = Mapping[str, StoredTensor]
"""Tensors by name."""


@dataclass(frozen=True)
class ChangedTensor:
    """What ``change`` makes of the values of a tensor, in 32-bit floats, each time it is read.

    shape: of the result
    """

    tensor: StoredTensor
    change: Callable[[NDArray[np.float32]], NDArray[np.float32]] = field(repr=False)
    shape: tuple[int, ...]

    @property
    def kind(self) -> str:
        return self.tensor.kind

    def read(self) -> NDArray[Any]:
        return self.change(self.tensor.read().astype(np.float32))


@dataclass(frozen=True)
class ZeroTensor:
    """A tensor that the files leave out because it is zero."""

    shape: tuple[int, ...]
    kind: str = "F32"

    def read(self) -> NDArray[Any]:
        return np.zeros(self.shape, dtype=np.float32)


_WRAPPERS = frozenset({"_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module"})
"""Parts of names that PyTorch adds: ``torch.compile``, activation checkpointing, FSDP."""
_PARALLEL = "module."
"""What data-parallel training puts in front of all names."""


def without_wrappers(stored: StoredTensors) -> StoredTensors:
    """The tensors by the names that they had before PyTorch's wrappers changed them."""
    parts = {name: [p for p in name.split(".") if p not in _WRAPPERS] for name in stored}
    named = {".".join(kept): stored[name] for name, kept in parts.items()}
    while named and all(name.startswith(_PARALLEL) for name in named):
        named = {name.removeprefix(_PARALLEL): tensor for name, tensor in named.items()}
    return named if len(named) == len(stored) else stored
