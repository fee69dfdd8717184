# SPDX-License-Identifier: Apache-2.0
"""The real size of one code in each lane of a stream's beats, where the format does not say it."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..compiler.ir.netlist import Channel
from ..quantization.quantized_model import QuantizedModel
from .answer_steps import AnswerSteps, StreamInvocation

__all__ = ["LaneSizes"]

Floats = NDArray[np.float64]


class LaneSizes:
    """Of a stream whose value has a scale for each feature, in each layer another.

    Called with the numbers of beats, ascending; gives (beats, lanes).
    """

    def __init__(self, channel: Channel, quantized: QuantizedModel, steps: AnswerSteps):
        self._channel, self._quantized, self._steps = channel, quantized, steps
        self._last: tuple[int, Floats] | None = None  # of the invocation that was looked at last

    @classmethod
    def of(
        cls, channel: Channel, quantized: QuantizedModel, steps: AnswerSteps
    ) -> "LaneSizes | None":
        """None if the stream's format says the size of all its codes."""
        value = str(channel.value)
        known = value in quantized.formats and any(
            np.any(quantized.scales(value, layer) != channel.consumed.fmt.step)
            for layer in steps.layers(channel)
        )
        return cls(channel, quantized, steps) if known else None

    def __call__(self, numbers: NDArray[np.int64]) -> Floats:
        found = np.empty((len(numbers), self._channel.consumed.lanes))
        done = 0
        while done < len(numbers):
            index = int(np.searchsorted(self._ends, numbers[done], side="right"))
            begin = int(self._ends[index - 1]) if index else 0
            through = int(np.searchsorted(numbers, self._ends[index]))
            found[done:through] = self._sizes(index)[numbers[done:through] - begin]
            done = through
        return found

    @cached_property
    def _invocations(self) -> list[StreamInvocation]:
        return list(self._steps.invocations(self._channel))

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """Beats that have passed after each invocation."""
        beats = self._channel.consumed.beats
        return np.cumsum([beats(each.symbol_values) for each in self._invocations])

    def _sizes(self, index: int) -> Floats:
        """Those of all beats of an invocation."""
        if self._last is not None and self._last[0] == index:
            return self._last[1]
        type, invocation = self._channel.consumed, self._invocations[index]
        inner = np.unravel_index(np.arange(type.lanes), type.tile)[-1]
        scales = np.reshape(self._quantized.scales(str(self._channel.value), invocation.layer), -1)
        features = type.order(invocation.symbol_values)[:, -1:] + inner
        # Features that fill the last tile of a matrix have no scale of their own.
        sizes: Floats = scales[np.minimum(features, len(scales) - 1)]
        self._last = index, sizes
        return sizes
