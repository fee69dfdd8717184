# SPDX-License-Identifier: Apache-2.0
"""The public names are there, documented, and imported only when they are used."""

import subprocess
import sys

import streamhw.testing


def test_names() -> None:
    assert set(dir(streamhw.testing)) == set(streamhw.testing.__all__)
    for name in streamhw.testing.__all__:
        assert getattr(streamhw.testing, name).__doc__, name


def test_nothing_is_imported_before() -> None:
    code = "import sys, streamhw.testing; print('amaranth' in sys.modules, 'cocotb' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
