# SPDX-License-Identifier: Apache-2.0
"""Where two stream types part: the first loop that differs, and the first beat."""

from itertools import zip_longest

import numpy as np

from ..stream.itensor import ITensor

__all__ = ["differences"]

LARGEST = 1 << 20
"""Beats of the longest orders that are compared one by one."""


def differences(produced: ITensor, consumed: ITensor) -> list[str]:
    """Sentences that say how the types differ; none if they are the same stream."""
    said = []
    if produced.fmt != consumed.fmt:
        said.append(f"format: {produced.fmt} is sent, {consumed.fmt} is wanted")
    if produced.tile != consumed.tile:
        tiles = ["x".join(map(str, type.tile)) for type in (produced, consumed)]
        said.append(f"tile: {tiles[0]} elements are sent in a beat, {tiles[1]} are wanted")
    loops = zip_longest(produced.normal().loops, consumed.normal().loops)
    for depth, (sent, wanted) in enumerate(loops):
        if sent != wanted:
            texts = ["none" if loop is None else str(loop) for loop in (sent, wanted)]
            said.append(f"first differing loop: number {depth}, {texts[0]} against {texts[1]}")
            break
    else:
        return said
    if max(produced.tokens(), consumed.tokens()) > LARGEST or produced.rank != consumed.rank:
        return said
    orders = produced.order(), consumed.order()
    length = min(map(len, orders))
    apart = np.flatnonzero((orders[0][:length] != orders[1][:length]).any(axis=1))
    beat = int(apart[0]) if len(apart) else length
    offsets = [str(tuple(map(int, order[beat]))) if beat < len(order) else "nothing more"
               for order in orders]  # fmt: skip
    said.append(f"orders part at beat {beat:,}: {offsets[0]} is sent, {offsets[1]} is wanted")
    return said
