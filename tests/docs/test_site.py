# SPDX-License-Identifier: Apache-2.0
"""The navigation of the site names each page once, and what is made while it is built."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAVIGATION = (ROOT / "mkdocs.yml").read_text().split("\nnav:\n")[1]


def test_navigation_names_every_page_once() -> None:
    named = re.findall(r"^ +- .+: (\S+\.md)$", NAVIGATION, re.M)
    made = re.findall(r'"([\w/]+\.md)":', (ROOT / "scripts" / "site_hooks.py").read_text())
    files = [str(f.relative_to(ROOT / "docs")) for f in (ROOT / "docs").rglob("*.md")]
    assert len(made) == 4
    assert sorted(named) == sorted(files + made)


def test_navigation_has_the_four_kinds_of_pages() -> None:
    sections = re.findall(r"^  - (\S+):", NAVIGATION, re.M)
    assert sections == ["Start", "Tutorial", "How-to", "Explanation", "Reference"]
