# SPDX-License-Identifier: Apache-2.0
"""The field in which everything that has details, and every section, is found by its name."""

from .markup import Html, tag

__all__ = ["search"]


def search() -> Html:
    """The field, and the list of what it found."""
    field = tag(
        "input",
        type="search",
        id="search",
        placeholder="search  /",
        autocomplete="off",
        spellcheck="false",
        role="combobox",
        aria_label="search kernels, streams and sections",
        aria_controls="found",
        aria_expanded="false",
    )
    found = tag("ul", "", id="found", role="listbox", aria_label="found", hidden="")
    return tag("div", field, found, cls="search")
