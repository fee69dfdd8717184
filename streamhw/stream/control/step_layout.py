# SPDX-License-Identifier: Apache-2.0
"""What the sequencer says of a step, and what its readers take of it, bit by bit."""

from amaranth.lib import data

__all__ = ["loop_layout", "run_layout", "span_layout", "step_layout"]


def step_layout(*, tokens: int, context: int, layers: int) -> data.StructLayout:
    """A step: ``tokens`` tokens from ``position`` on pass layer ``layer``, or, if ``tail``, the
    last of them passes what follows the layers; ``head``: the step goes on to the tail.
    """
    return data.StructLayout(
        {
            "tail": 1,
            "head": 1,
            "tokens": range(tokens + 1),
            "position": range(max(2, context)),
            "layer": range(max(2, layers)),
        }
    )


def run_layout(*, contexts: int, tokens: int) -> data.StructLayout:
    """A command of the shared matmul: run a context on so many tokens."""
    return data.StructLayout({"context": range(max(2, contexts)), "tokens": range(tokens + 1)})


def span_layout(*, tokens: int, context: int, layers: int | None = None) -> data.StructLayout:
    """Positions of a batch: ``tokens`` of them from ``position`` on; and the layer, of ``layers``,
    for readers to which it matters."""
    layer = {} if layers is None else {"layer": range(max(2, layers))}
    return data.StructLayout(
        {"tokens": range(tokens + 1), "position": range(max(2, context)), **layer}
    )


def loop_layout(*, tokens: int, layers: int) -> data.StructLayout:
    """What the ends of the loop over layers need of a step."""
    return data.StructLayout(
        {"head": 1, "tokens": range(tokens + 1), "layer": range(max(2, layers))}
    )
