# SPDX-License-Identifier: Apache-2.0
"""Styles and scripts of the page: files of this package, in the order in which they are put in."""

from importlib.resources import files

from .markup import Html

__all__ = ["SCRIPTS", "STYLES", "script", "style"]

STYLES = ("base.css", "tables.css", "figures.css", "graph.css", "about.css", "print.css")
SCRIPTS = ("tip.js", "tables.js", "pan_zoom.js", "about.js", "neighbors.js", "search.js")


def style() -> Html:
    """All styles."""
    return _joined(STYLES)


def script() -> Html:
    """All scripts, each in a scope of its own."""
    return _joined(SCRIPTS)


def _joined(names: tuple[str, ...]) -> Html:
    home = files(__package__)
    return Html("\n".join(home.joinpath(name).read_text(encoding="ascii") for name in names))
