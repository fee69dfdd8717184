# SPDX-License-Identifier: Apache-2.0
"""A head in the files of a model whose configuration says that its head is the embedding."""

import numpy as np

from ..errors import UserError
from .reading.stored_tensor import StoredTensors

__all__ = ["without_tied_head"]


def without_tied_head(stored: StoredTensors, head: str, table: str, source: str) -> StoredTensors:
    """The tensors without a head that equals the embedding's table.

    Raises ``UserError`` if it does not: files and configuration are of two models.
    """
    if head not in stored:
        return stored
    if table in stored:
        kept, tied = stored[head], stored[table]
        if kept.shape != tied.shape or not np.array_equal(kept.read(), tied.read()):
            raise UserError(
                f"{source}: tensor {head} must equal {table}, since tie_word_embeddings is true, "
                "and it differs",
                hint=f'write "tie_word_embeddings": false into config.json to use {head}, or '
                "remove the tensor",
            )
    return {name: tensor for name, tensor in stored.items() if name != head}
