# SPDX-License-Identifier: Apache-2.0
"""The field of the search is a combobox with a list."""

from streamhw.report.html.search import search
from tests.report.html.elements import read


def test_the_field_names_its_list() -> None:
    seen = dict(read(search()).seen)
    assert seen["input"]["aria-controls"] == seen["ul"]["id"] == "found"
    assert seen["input"]["role"] == "combobox" and seen["ul"]["role"] == "listbox"
    assert seen["ul"]["hidden"] == "" and seen["input"]["aria-expanded"] == "false"
