# SPDX-License-Identifier: Apache-2.0
"""A command file of Surfer: streams under their kernels.

Its state files change with each release; commands are the interface that it documents.
"""

from collections.abc import Sequence

from .shown_stream import ShownStream, streams_by_kernel

__all__ = ["surfer_text"]


def surfer_text(streams: Sequence[ShownStream]) -> str:
    """The commands, a line each: a divider with each kernel's name, then its streams."""
    lines = []
    for group, kernels in streams_by_kernel(streams):
        for kernel, ports in kernels.items():
            lines.append(f"divider_add {group}.{kernel}")
            for port, stream in ports:
                path = f"{group}.{kernel}.{port}"
                lines += [f"variable_add {path}.{name}" for name in stream.signals]
    return "\n".join([*lines, "zoom_fit"]) + "\n"
