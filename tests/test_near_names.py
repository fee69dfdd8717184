# SPDX-License-Identifier: Apache-2.0
"""Names that are like what was typed, and none where nothing is."""

from streamhw.near_names import did_you_mean

NAMES = ("gpt2", "gpt2-medium", "GPT2-xl", "llama3.2-1b")


def test_what_is_alike() -> None:
    assert did_you_mean("gtp2", NAMES) == "did you mean gpt2?"
    assert did_you_mean("gpt2xl", NAMES) == "did you mean GPT2-xl or gpt2?"
    assert did_you_mean("GPT2-MEDIUM", NAMES) == "did you mean gpt2-medium?"


def test_what_is_not() -> None:
    assert did_you_mean("opt-125m", NAMES) is None
    assert did_you_mean("", NAMES) is None
    assert did_you_mean("gpt2", ()) is None
