# SPDX-License-Identifier: Apache-2.0
"""Records of ``run``: each token as it comes, then the whole answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...report.measured import ChannelUse
from .record import Record

__all__ = ["RunRecord", "TokenRecord"]


@dataclass(frozen=True, kw_only=True)
class TokenRecord(Record):
    """A new token, as soon as it is there.

    number: from 0; text: what it adds, which may be nothing until a later token completes a
    character; cycles: since the token before, or the start; None where nothing measures them
    """

    kind = "token"
    number: int
    token: int
    text: str
    cycles: int | None


@dataclass(frozen=True, kw_only=True)
class RunRecord(Record):
    """A whole answer.

    how: ``simulated``, ``predicted`` (of ``--fast``) or ``board``; what does not apply is None
    prompt_tokens, answer_tokens: how many; text: of the answer
    prompt_cycles: until the first new token; token_cycles: mean of each further one
    clock_mhz: of the board, assumed but where ``how`` is ``board``
    seconds: that generation took on this machine; simulated_cycles: in them
    memory: the model of it; channels: by port
    predicted_cycles: of the cost model for the whole answer; checked_beats: that were compared with
    the integer reference, all equal
    """

    kind = "run"
    how: str
    model: str
    board: str
    clock_mhz: float
    prompt_tokens: int
    answer_tokens: int
    text: str
    prompt_cycles: float
    token_cycles: float
    seconds: float
    simulated_cycles: int | None
    read_bytes: int | None
    write_bytes: int | None
    memory: str | None
    channels: Mapping[str, ChannelUse]
    predicted_cycles: float | None
    checked_beats: int | None
