# SPDX-License-Identifier: Apache-2.0
"""Records of commands that measure number formats: ``evaluate``, ``doctor``, ``--quant auto``."""

from dataclasses import dataclass

from .record import Record

__all__ = ["BitsRecord", "DoctorRecord", "EvaluateRecord", "LossesRecord", "StreamRecord"]


@dataclass(frozen=True, kw_only=True)
class BitsRecord(Record):
    """Bits that were to be chosen. options: that choose them without a search

    nats: a token that they are estimated to cost; bound: that they may cost; tokens: measured
    """

    kind = "bits"
    model: str
    options: str
    nats: float
    bound: float
    tokens: int
    token_bytes: int


@dataclass(frozen=True, kw_only=True)
class LossesRecord(Record):
    """Losses of one quantization, in nats a token: of the float model, of fake quantization in
    floats, of the hardware's integers.

    fake_agreement, integer_agreement: share of tokens whose likeliest successor is the float
    model's; token_bytes: of matrices, that each token reads
    quantization_rise, integer_change: relative, of the loss and of the perplexity, with the bounds
    that are promised; None where none is
    """

    kind = "losses"
    name: str
    float_loss: float
    fake_loss: float
    integer_loss: float
    fake_agreement: float
    integer_agreement: float
    token_bytes: int
    loss_rise: float
    loss_rise_bound: float | None
    integer_change: float
    integer_change_bound: float
    within_bounds: bool


@dataclass(frozen=True, kw_only=True)
class EvaluateRecord(Record):
    """What all losses are of."""

    kind = "evaluate"
    model: str
    windows: int
    tokens: int
    float_loss: float
    within_bounds: bool


@dataclass(frozen=True, kw_only=True)
class StreamRecord(Record):
    """A value in one layer; layer: None outside of the layers.

    own_error: relative, that its rounding adds; fake_error, integer_error: with all before it
    clipped: share of its integers at an end of their range
    outlier_feature: with the greatest peak; outlier: that peak by the median of all
    """

    kind = "stream"
    name: str
    layer: int | None
    own_error: float
    fake_error: float
    integer_error: float | None
    clipped: float
    outlier_feature: int | None
    outlier: float


@dataclass(frozen=True, kw_only=True)
class DoctorRecord(Record):
    """What is wrong and what helps, in sentences.

    nats: a token from the float model; agreement: share of the likeliest tokens that are its own
    """

    kind = "doctor"
    model: str
    quantization: str
    tokens: int
    nats: float
    agreement: float
    token_bytes: int
    within_bounds: bool
    findings: tuple[str, ...]
    advice: tuple[str, ...]
