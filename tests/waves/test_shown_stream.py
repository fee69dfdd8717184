# SPDX-License-Identifier: Apache-2.0
"""Which streams a pattern chooses, at which places, and what is shown of them."""

import pytest

from streamhw.errors import UserError
from streamhw.numerics.fixed import Fixed
from streamhw.waves.shown_stream import Place, ShownStream, only, streams_by_kernel


def stream(source: str, sink: str, fmt: Fixed = Fixed(8)) -> ShownStream:
    places = (
        Place(group="layer", kernel=source, port="o"),
        Place(group="layer", kernel=sink, port="i"),
    )
    return ShownStream(name=f"{sink}_i", fmt=fmt, lanes=2, places=places)


STREAMS = [stream("norm_1", "matmul"), stream("matmul", "residual"), stream("residual", "norm_2")]


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("matmul", ["layer.matmul.i", "layer.matmul.o"]),
        ("matmul_i", ["layer.norm_1.o", "layer.matmul.i"]),
        ("layer.matmul.o", ["layer.matmul.o"]),
        ("norm_?", ["layer.norm_1.o", "layer.norm_2.i"]),
        ("*", [place.path for s in STREAMS for place in s.places]),
    ],
)
def test_patterns(pattern: str, paths: list[str]) -> None:
    assert [place.path for s in only(STREAMS, pattern) for place in s.places] == paths


def test_a_pattern_that_nothing_matches() -> None:
    with pytest.raises(UserError, match="Pattern 'resid' must match a kernel or a stream") as error:
        only(STREAMS, "resid")
    assert error.value.hint == "did you mean residual or residual_i?"
    with pytest.raises(UserError) as error:
        only(STREAMS, "nothing_like_it*")
    assert error.value.hint is None


def test_what_is_shown() -> None:
    assert STREAMS[0].signals == ("valid", "ready", "lane0", "lane1")
    assert stream("a", "b", Fixed(53)).real
    assert stream("a", "b", Fixed(54)).signals == ("valid", "ready", "payload")


def test_kernels_have_all_their_streams_in_one_place() -> None:
    ((group, kernels),) = streams_by_kernel(STREAMS)
    assert group == "layer" and list(kernels) == ["norm_1", "matmul", "residual", "norm_2"]
    assert [(port, s.name) for port, s in kernels["matmul"]] == [
        ("i", "matmul_i"),
        ("o", "residual_i"),
    ]
