# SPDX-License-Identifier: Apache-2.0
"""A save file of GTKWave: streams under their kernels, in groups that can be opened."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from .shown_stream import ShownStream, streams_by_kernel

__all__ = ["gtkwave_text"]

# Flags of traces, as GTKWave writes them.
BINARY, HEXADECIMAL, NUMBER = "@28", "@22", "@420"
OPENED, OPENED_END = "@800200", "@1000200"
CLOSED, CLOSED_END = "@c00200", "@1401200"


def gtkwave_text(file: Path, streams: Sequence[ShownStream]) -> str:
    """The text of the save file for a wave file.

    Handshakes are to be seen at once; the lanes of a stream are a closed group.
    """
    lines = [f'[dumpfile] "{file.absolute()}"', "[timestart] 0"]
    for group, kernels in streams_by_kernel(streams):
        lines += [OPENED, f"-{group}"]
        for kernel, ports in kernels.items():
            lines += [OPENED, f"-{kernel}"]
            for port, stream in ports:
                lines += _stream(f"{group}.{kernel}.{port}", stream)
            lines += [OPENED_END, f"-{kernel}"]
        lines += [OPENED_END, f"-{group}"]
    return "\n".join(lines) + "\n"


def _stream(path: str, stream: ShownStream) -> Iterator[str]:
    valid, ready, *lanes = stream.signals
    yield from (BINARY, f"{path}.{valid}", f"{path}.{ready}")
    name = f"-{path} ({stream.lanes} × {stream.fmt})"
    yield from (CLOSED, name, NUMBER if stream.real else HEXADECIMAL)
    if stream.real:
        yield from (f"{path}.{lane}" for lane in lanes)
    else:
        yield f"{path}.{lanes[0]}[{stream.lanes * stream.fmt.width - 1}:0]"
    yield from (CLOSED_END, name)
