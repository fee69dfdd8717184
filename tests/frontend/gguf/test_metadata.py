# SPDX-License-Identifier: Apache-2.0
"""Metadata of another kind than its reader wants is refused by its key."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.frontend.gguf.metadata import Metadata
from streamhw.frontend.gguf.reader import GgufFile

VALUES = {
    "text": "a", "integer": 3, "number": 0.5, "truth": True, "texts": ["a"],
    "numbers": np.array([1, 2]), "same": np.array([4, 4], dtype=np.uint32),
}  # fmt: skip
FOUND = Metadata(GgufFile(path=Path("m"), data=np.zeros(1, np.uint8), metadata=VALUES, tensors={}))


def test_values_of_their_kind() -> None:
    assert FOUND.text("text") == "a" and FOUND.integer("integer") == 3
    assert FOUND.number("number") == 0.5 and FOUND.number("integer") == 3.0
    assert FOUND.truth("truth", False) is True and FOUND.texts("texts") == ["a"]
    assert FOUND.numbers("numbers").tolist() == [1, 2]
    assert FOUND.integer("same") == 4  # one value a layer, all the same
    assert FOUND.text("none", "b") == "b" and FOUND.integer("none", 5) == 5
    assert "text" in FOUND and "none" not in FOUND


@pytest.mark.parametrize(
    ("read", "keys", "words"),
    [
        (FOUND.text, ("integer", "texts"), "text"),
        (FOUND.integer, ("text", "number", "truth", "numbers"), "an integer"),
        (FOUND.number, ("text", "truth", "numbers"), "a number"),
        (lambda key: FOUND.truth(key, True), ("integer", "text"), "true or false"),
        (FOUND.texts, ("text", "numbers"), "a list of texts"),
        (FOUND.numbers, ("integer", "texts"), "a list of numbers"),
    ],
)
def test_values_of_another_kind(
    read: Callable[[str], object], keys: tuple[str, ...], words: str
) -> None:
    for key in keys:
        with pytest.raises(UserError, match=f"^m: metadata {key} must be {words}, not "):
            read(key)
    if words != "true or false":
        with pytest.raises(UserError, match=r"^m: metadata none must be there, and is not$"):
            read("none")
