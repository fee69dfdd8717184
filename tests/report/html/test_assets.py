# SPDX-License-Identifier: Apache-2.0
"""Styles and scripts: all files of the package are in the page, and all are ASCII."""

from importlib.resources import files

from streamhw.report.html.assets import SCRIPTS, STYLES, script, style


def test_every_file_is_used() -> None:
    home = files("streamhw.report.html")
    names = [file.name for file in home.iterdir() if file.name.endswith((".css", ".js"))]
    assert sorted(names) == sorted((*STYLES, *SCRIPTS))


def test_they_are_put_in_whole() -> None:
    assert script().startswith('"use strict";') and script().isascii() and style().isascii()
    assert "</" not in script().replace("</g", "") and "prefers-color-scheme" in style()
    for text in (script(), style()):
        assert text.count("{") == text.count("}")
