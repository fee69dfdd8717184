# SPDX-License-Identifier: Apache-2.0
"""Choices of a build in the user's words."""

import pytest

from streamhw.compiler.config import BuildConfig, Sharing, parse_sharing, way_out
from streamhw.errors import DoesNotFitError, UserError


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("all", Sharing.ALL),
        ("none", Sharing.NONE),
        ("3", 3),
        ("qkv+hidden,mlp_out", (("qkv", "hidden"), ("mlp_out",))),
    ],
)
def test_sharing_is_read(text: str, choice: object) -> None:
    assert parse_sharing(text) == choice


@pytest.mark.parametrize("text", ["", "a b", "qkv,,mlp", "1.5"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="Sharing must be all, none, a number of engines"):
        parse_sharing(text)


def test_what_was_asked_for_is_named() -> None:
    error = DoesNotFitError("too large")
    asked = BuildConfig(multipliers=8, token_batch=4)
    assert way_out(asked, error) == (
        "without --multipliers and --token-batch a build tries smaller sizes"
    )
    assert way_out(BuildConfig(), error) == "no smaller sizes of kernels are left to try"
