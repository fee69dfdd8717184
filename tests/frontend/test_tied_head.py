# SPDX-License-Identifier: Apache-2.0
"""A head in the files must be the embedding, if the configuration ties them."""

from dataclasses import dataclass

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.frontend.tied_head import without_tied_head


@dataclass(frozen=True, eq=False)
class Held:
    values: np.ndarray
    kind: str = "F32"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def read(self) -> np.ndarray:
        return self.values


TABLE = Held(np.arange(6.0).reshape(3, 2))


def test_an_equal_head_is_left_out() -> None:
    stored = {"head": Held(TABLE.values.copy()), "table": TABLE, "norm": TABLE}
    assert set(without_tied_head(stored, "head", "table", "model")) == {"table", "norm"}
    assert without_tied_head({"table": TABLE}, "head", "table", "model") == {"table": TABLE}


@pytest.mark.parametrize("head", [TABLE.values + 1, TABLE.values[:2], TABLE.values.T])
def test_another_head_is_refused(head: np.ndarray) -> None:
    message = "^model: tensor head must equal table, since tie_word_embeddings is true, and it"
    with pytest.raises(UserError, match=message) as error:
        without_tied_head({"head": Held(head), "table": TABLE}, "head", "table", "model")
    assert error.value.hint is not None and '"tie_word_embeddings": false' in error.value.hint
