# SPDX-License-Identifier: Apache-2.0
"""The real size of one code in each lane of a stream's beats, where the format does not say it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..compiler.ir.netlist import Channel
from ..quantization.quantized_model import QuantizedModel
from .answer_steps import AnswerSteps

__all__ = ["LaneSizes"]

Floats = NDArray[np.float64]


class LaneSizes:
    """Of a stream whose value has a scale for each feature, in each layer another.

    Called with the numbers of beats, ascending from call to call; gives (beats, lanes).
    """

    def __init__(self, channel: Channel, quantized: QuantizedModel, steps: AnswerSteps):
        self._channel, self._quantized = channel, quantized
        self._coming = self._invocations(steps)
        self._begin = self._end = (
            0  # beats before the invocation that was looked at last, and after
        )
        self._sizes: Floats = np.zeros((0, channel.consumed.lanes))

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
            if numbers[done] >= self._end:
                self._sizes = next(self._coming)
                self._begin, self._end = self._end, self._end + len(self._sizes)
                continue
            through = int(np.searchsorted(numbers, self._end))
            found[done:through] = self._sizes[numbers[done:through] - self._begin]
            done = through
        return found

    def _invocations(self, steps: AnswerSteps) -> Iterator[Floats]:
        """Sizes of all beats of one invocation after another."""
        type, value = self._channel.consumed, str(self._channel.value)
        inner = np.unravel_index(np.arange(type.lanes), type.tile)[-1]
        for invocation in steps.invocations(self._channel):
            scales = np.reshape(self._quantized.scales(value, invocation.layer), -1)
            features = type.order(invocation.symbol_values)[:, -1:] + inner
            # Features that fill the last tile of a matrix have no scale of their own.
            yield scales[np.minimum(features, len(scales) - 1)]
