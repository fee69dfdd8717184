# SPDX-License-Identifier: Apache-2.0
"""A page or a section read again: its elements, their attributes, its text."""

from html.parser import HTMLParser

EMPTY = {"meta", "br", "wbr"}


class Checker(HTMLParser):
    """Elements that are open, and what attributes there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._goes_on = False

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((name, dict(attributes)))
        if name not in EMPTY:
            self.open.append(name)
        self._goes_on = name == "wbr"  # a name that may break there is one text

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self._goes_on:
            self.text[-1] += data
        else:
            self.text.append(data)
        self._goes_on = False


def read(text: str) -> Checker:
    """The elements of a text that closes what it opens."""
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    return checker
