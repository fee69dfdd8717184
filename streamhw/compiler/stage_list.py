# SPDX-License-Identifier: Apache-2.0
"""Names of the compiler's stages in order, each with a sentence: for quick help texts."""

from collections.abc import Mapping

__all__ = ["STAGE_LIST"]

STAGE_LIST: Mapping[str, str] = {
    "quantize": "ranges measured, formats chosen, parameters to integers",
    "assign": "which matrix products share an engine",
    "tile": "rows and inputs of every engine, lanes and token batch",
    "lower": "graph nodes to kernels, a type on both ends of every stream",
    "convert": "layout converters where types differ, and forks",
    "fuse": "which streams stay on chip",
    "memory": "memory map, parameter stream, a DMA for each client",
    "control": "sequencer, and what it tells every part",
    "partition": "dies, and register slices between them",
    "size": "FIFO depths from a linear program",
    "place": "memory ports, RAM kinds, the board's budget",
}
"""What each stage decides. The functions are in ``pipeline.STAGES``, under the same names."""
