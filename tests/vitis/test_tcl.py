# SPDX-License-Identifier: Apache-2.0
"""The reader of Tcl that the tests of scripts stand on."""

import pytest

from tests.vitis.tcl import TclError, commands, words


def test_words_of_commands() -> None:
    script = """\
# a comment with an open {
set name {two words}; set other "in [quotes {x}]"
foreach {key value} {A 1
  B 2} {
  # not a word
  puts [lindex $key 0]
}
call -long \\
  option
"""
    assert commands(script) == [
        ["set", "name", "two words"],
        ["set", "other", "in [quotes {x}]"],
        ["foreach", "key value", "A 1\n  B 2", "\n  # not a word\n  puts [lindex $key 0]\n"],
        ["call", "-long", "option"],
    ]
    assert words("a {b c} [d e]") == ["a", "b c", "[d e]"]
    assert words(r"a\ b {}") == [r"a\ b", ""]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("set a {b", "} is missing"),
        ("set a [b", "] is missing"),
        ('set a "b', '" is missing'),
        ("set a }", "closes nothing"),
        ("set a ]", "closes nothing"),
        ("set {a}b", "right behind }"),
    ],
)
def test_scripts_that_are_none(script: str, says: str) -> None:
    with pytest.raises(TclError, match=says):
        commands(script)
