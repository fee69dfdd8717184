# SPDX-License-Identifier: Apache-2.0
"""The schema of all output for scripts, and lines of it read and checked."""

import json
from collections.abc import Mapping

from ...compiler.ir.json_codec import decode
from .answers import RunRecord, TokenRecord
from .benches import BenchRecord, ContextRecord, PointRecord
from .builds import BuildRecord, StoppedRecord
from .designs import (
    BitstreamRecord,
    EdgeRecord,
    PackageRecord,
    PartRecord,
    ReportRecord,
    SynthRecord,
)
from .explorations import ExploreRecord, TrialRecord
from .listed import BoardRecord, ListedRecord, ModelRecord
from .profiles import KernelRecord, ProfileRecord
from .qualities import BitsRecord, DoctorRecord, EvaluateRecord, LossesRecord, StreamRecord
from .record import ErrorRecord, Record, WarningRecord

__all__ = ["COMMANDS", "record_of"]

COMMANDS: Mapping[str, tuple[type[Record], ...]] = {
    "build": (BuildRecord, StoppedRecord, BitstreamRecord, PackageRecord, BitsRecord),
    "run": (TokenRecord, RunRecord),
    "profile": (KernelRecord, ProfileRecord),
    "bench": (PointRecord, ContextRecord, BenchRecord),
    "synth": (PartRecord, SynthRecord),
    "explain": (EdgeRecord,),
    "evaluate": (LossesRecord, EvaluateRecord),
    "doctor": (StreamRecord, DoctorRecord),
    "explore": (TrialRecord, ExploreRecord),
    "report": (ReportRecord,),
    "list": (ModelRecord, BoardRecord, ListedRecord),
    "any command": (WarningRecord, ErrorRecord),
}
"""By command, what only it says, and those that build first."""

KINDS = {kind.kind: kind for kinds in COMMANDS.values() for kind in kinds}


def record_of(line: str) -> Record:
    """The record that a line holds; raises ``ValueError`` that says what of it is not so."""
    data = json.loads(line)
    if not isinstance(data, dict) or data.get("record") not in KINDS:
        raise ValueError(f"Line must be an object with a known record, not {line!r:.60}")
    return decode(KINDS[data.pop("record")], data)
