# SPDX-License-Identifier: Apache-2.0
"""Generates Verilator's control file: nets that stay visible, modules that stay shared."""

import re
from collections import Counter
from collections.abc import Sequence

from streamhw.runtime.manifest import Manifest

__all__ = ["control_file", "shared_modules"]

INSTANCES, LINES = 4, 200
"""A module of so many instances and lines at least is compiled once, not once an instance."""

_MODULE = re.compile(r"^module\s+(\w+)\b.*?^endmodule", re.MULTILINE | re.DOTALL)
_FIRST_WORD = re.compile(r"^\s*(\w+)\s", re.MULTILINE)


def control_file(manifest: Manifest, verilog: Sequence[str], *, observed: bool) -> str:
    """The text of the file; with ``observed``, streams and queues of the manifest are visible."""
    lines = ["`verilator_config"]
    lines += [f'no_inline -module "{name}"' for name in shared_modules(verilog)]
    if observed:
        lines += _visible(manifest)
    return "\n".join(lines) + "\n"


def shared_modules(verilog: Sequence[str]) -> list[str]:
    """Large modules that are placed several times: inlined, each instance would be compiled."""
    lengths: dict[str, int] = {}
    words: Counter[str] = Counter()
    for text in verilog:
        lengths |= {m[1]: m[0].count("\n") for m in _MODULE.finditer(text)}
        words.update(_FIRST_WORD.findall(text))
    return sorted(n for n, lines in lengths.items() if lines >= LINES and words[n] >= INSTANCES)


def _visible(manifest: Manifest) -> list[str]:
    nets = {net for s in manifest.streams for net in (s.payload, s.valid, s.ready)}
    nets |= {net for s in manifest.streams for net in (s.offered, s.room) if net}
    nets |= {queue.level for queue in manifest.queues}
    lines = []
    for net in sorted(nets):
        scope, _, name = f"{manifest.top}.{net}".rpartition(".")
        lines.append(f'public_flat_rd -module "{scope}" -var "{name}"')
    return lines
