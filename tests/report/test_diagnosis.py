# SPDX-License-Identifier: Apache-2.0
"""What a diagnosis says of streams, and that its tables fit 80 columns."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from streamhw.reference.diagnose import StreamHealth
from streamhw.reference.quality import Quality
from streamhw.report.diagnosis import Diagnosis, QuantizationTrial

GOOD = Quality(nats=0.01, agreement=0.97, tokens=512)
BAD = Quality(nats=0.5, agreement=0.6, tokens=512)


STREAMS = (
    StreamHealth(name="embedding", layer=None, integer=0.0, channel=3),
    StreamHealth(name="norm_1", layer=0, own=0.01, fake=0.01, integer=0.01, channel=3),
    StreamHealth(name="hidden", layer=0, own=0.08, fake=0.2, integer=0.2, channel=3),
    StreamHealth(
        name="norm_1", layer=1, own=0.3, fake=0.35, integer=0.35, clipped=0.2, channel=3, outlier=40
    ),
    StreamHealth(name="hidden", layer=1, own=0.02, fake=0.4, integer=0.4, channel=3),
)
WELL = Diagnosis(
    model="tiny", typed="tiny --board sim", name="W4A8", calibration="8 random tokens",
    streams=STREAMS[:2], fake=GOOD, integer=GOOD, token_bytes=1_000_000,
)  # fmt: skip
ILL = replace(WELL, streams=STREAMS, fake=BAD, integer=BAD)


def test_a_model_within_bounds() -> None:
    assert WELL.within_bounds and WELL.first is None and WELL.saturated == ()
    assert WELL.findings()[-2:] == ["no range saturates", "no feature is an outlier"]
    assert WELL.advice() == ["nothing needs to be done"]


def test_faults_are_named() -> None:
    assert ILL.first == ILL.worst == ILL.outlier == STREAMS[3] and ILL.saturated == (STREAMS[3],)
    said = "\n".join(ILL.findings())
    for words in (
        "W4A8: 0.500 nats a token from the float model (bound 0.1), 60.0% of the likeliest",
        "quality is lost first in norm_1, layer 1: error 35.0%, of which it adds 30.0% itself",
        "most is added by norm_1, layer 1: 30.0%, rounding its values",
        "norm_1, layer 1 saturates: 20.0% of its integers",
        "outlier: feature 3 of norm_1, layer 1 peaks at 40.0 times the median feature",
    ):
        assert words in said
    weak = replace(ILL, streams=(*STREAMS[:2], replace(STREAMS[2], weights=True)))
    assert weak.first == weak.streams[2]
    assert "rounding its weights" in "\n".join(weak.findings())
    parted = replace(ILL, streams=(*STREAMS, replace(STREAMS[4], integer=0.9)))
    assert "integers part from fake quantization in hidden, layer 1: error 90.0% instead" in (
        "\n".join(parted.findings())
    )


@pytest.mark.parametrize("helps", [False, True])
def test_advice_is_the_cheapest_choice_that_helps(helps: bool) -> None:
    some = Quality(nats=0.3, agreement=0.7, tokens=512)
    trials = (
        QuantizationTrial(
            options="--quant w4a8 --head-bits 8", quality=some, token_bytes=1_500_000
        ),
        QuantizationTrial(
            options="--quant w8a8", quality=GOOD if helps else BAD, token_bytes=2_000_000
        ),
    )
    said = replace(ILL, trials=trials).advice()
    best = "--quant w8a8" if helps else "--quant w4a8 --head-bits 8"
    assert said[0].startswith(f"python -m streamhw build tiny --board sim {best}\n")
    assert ("which is not enough" in said[0]) != helps
    assert "ranges were measured on 8 random tokens" in said[1]
    assert (len(said) == 3) != helps


def test_tables_fit_80_columns() -> None:
    console = Console(file=io.StringIO(), width=80)
    names = ("position_embedding", "attention.scores", "post_attention_norm")
    long = [replace(s, name=n, outlier=123.4, channel=12345) for s in STREAMS for n in names]
    for table in (t for d in (ILL, replace(ILL, streams=tuple(long)))
                  for t in (d.stream_table(), d.layer_table())):  # fmt: skip
        console.print(table)
    file = console.file
    assert isinstance(file, io.StringIO)
    text = file.getvalue()
    assert "30.0%" in text and "3 x40.0" in text and "…" not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "norm_1 30.0% 1 35.0% 35.0% 20.00% 3 x40.0" in " ".join(text.split())
