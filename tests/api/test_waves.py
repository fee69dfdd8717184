# SPDX-License-Identifier: Apache-2.0
"""When waves begin, as it is typed."""

import pytest

from streamhw.api.waves import WaveBegin
from streamhw.errors import UserError


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("0", WaveBegin()),
        ("12000", WaveBegin(cycle=12000)),
        ("token:5", WaveBegin(token=5)),
        ("layer:2", WaveBegin(layer=2)),
        ("token:5,layer:0", WaveBegin(token=5, layer=0)),
    ],
)
def test_begins(text: str, begin: WaveBegin) -> None:
    assert WaveBegin.parse(text) == begin


@pytest.mark.parametrize(
    "text",
    ["", "-1", "1e3", "token", "token:", "token:-1", "layer:x", "layer:2,token:5", "token:1,",
     "5,layer:2", "token:1 layer:2", "٣", "step:1", " 7"],
)  # fmt: skip
def test_nonsense(text: str) -> None:
    words = "Begin of waves must be a cycle, token:N, layer:N or token:N,layer:N, not "
    with pytest.raises(UserError) as error:
        WaveBegin.parse(text)
    assert str(error.value) == f"{words}{text!r}"
