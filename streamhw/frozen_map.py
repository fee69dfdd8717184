# SPDX-License-Identifier: Apache-2.0
"""A mapping that is plain data: it compares, hashes and pickles, and nothing changes it."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

__all__ = ["FrozenMap", "freeze"]

K = TypeVar("K")
V = TypeVar("V", covariant=True)


class FrozenMap(Mapping[K, V]):
    """The pairs of another mapping, in their order; equal to any mapping of the same pairs.

    Raises ``TypeError`` when it is hashed with values that do not hash.
    """

    __slots__ = ("_hash", "_pairs")

    _pairs: dict[K, V]
    _hash: int | None

    def __init__(self, pairs: Mapping[K, V] = {}):
        self._pairs = dict(pairs)
        self._hash = None

    def __getitem__(self, key: K) -> V:
        return self._pairs[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._pairs.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"FrozenMap({self._pairs!r})"

    def __reduce__(self) -> tuple[type, tuple[dict[K, V]]]:
        # Not the hash: that of a text is another one in each process.
        return FrozenMap, (self._pairs,)


def freeze(data: object, *names: str) -> None:
    """For ``__post_init__`` of a frozen dataclass: makes fields of mappings plain data."""
    for name in names:
        object.__setattr__(data, name, FrozenMap(getattr(data, name)))
