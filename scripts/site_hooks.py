# SPDX-License-Identifier: Apache-2.0
"""Hooks of mkdocs: pages made from code, anchors as on GitHub, and nothing from another host."""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from pymdownx.slugs import slugify
from site_pages import commands_page, foreign, names_page, notebook_page

import streamhw
import streamhw.testing
from streamhw.__main__ import parser

__all__ = ["on_config", "on_files", "on_post_page"]


def on_config(config: MkDocsConfig) -> None:
    """Anchors of headings are those of GitHub, where the same pages are read."""
    config["mdx_configs"]["toc"]["slugify"] = slugify(case="lower")


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Adds the pages that are made from code."""
    notebook = Path(config.docs_dir) / "python.ipynb"
    pages = {
        "notebook.md": notebook_page(notebook.read_text()),
        "reference/commands.md": commands_page(parser()),
        "reference/python.md": names_page("Python", streamhw),
        "reference/testing.md": names_page("Tests of kernels", streamhw.testing),
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))


def on_post_page(output: str, page: Any, config: MkDocsConfig) -> None:
    """Refuses a page that would load anything from another host."""
    if found := foreign(output):
        raise PluginError(f"Page {page.file.src_path} must load nothing, not {', '.join(found)}")
