# SPDX-License-Identifier: Apache-2.0
"""A manifest comes back from its file; one that is damaged or of another version is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.runtime.manifest import Manifest, ManifestFile
from tests.sim.standin import Standin


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    files = (ManifestFile(name="top.v", bytes=3, sha256="abc"),)
    manifest = replace(Standin().manifest, source="key", weights="checkpoint", files=files)
    manifest.save(tmp_path)
    assert Manifest.load(tmp_path) == manifest
    file = Path(tmp_path / "manifest.json")
    content = json.loads(file.read_text())
    for change, text in (
        ({"version": 99}, "version must be 2, not 99"),
        ({"context": "x"}, "manifest.context must be int, not str"),
        ({"context": 5000}, "register map differs"),
        ({"color": 1}, "must not have color"),
    ):
        file.write_text(json.dumps({**content, **change}))
        with pytest.raises(UserError, match=text):
            Manifest.load(tmp_path)
    file.write_text("{")
    with pytest.raises(UserError, match="damaged"):
        Manifest.load(tmp_path)
    assert replace(manifest, token_batch=2) != manifest


def test_a_manifest_that_contradicts_itself_is_refused() -> None:
    manifest = Standin().manifest
    (port,) = manifest.ports
    for change, text in (
        (
            {"status": ("stat_odd",)},
            r"^Status outputs must be .*, not \['stat_odd'\]$",
        ),
        ({"ports": (replace(port, data_width=48),)}, r"must be a power of two from 8 to 1024, not"),
        ({"ports": (replace(port, address=3),)}, r"must be a multiple of its 8 bytes a beat, not"),
        ({"memory": replace(manifest.memory, bytes=16)}, r"^Region .* must not overlap and must f"),
    ):
        with pytest.raises(ValueError, match=text):
            replace(manifest, **change)


def test_build_and_window_are_where_the_registers_say() -> None:
    manifest = replace(Standin().manifest, digest="ffff0000cafe")
    assert manifest.build == 0x0000CAFE
    assert manifest.window == manifest.register_map()["WINDOW"]
    region = manifest.memory.regions[0]
    assert manifest.memory.region(region.name) == region
    with pytest.raises(KeyError, match="Memory has regions"):
        manifest.memory.region("none")
