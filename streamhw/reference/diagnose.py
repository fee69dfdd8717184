# SPDX-License-Identifier: Apache-2.0
"""What each stream of a model loses by quantization: float, fake and integer beside each other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..frontend.model import Model
from ..graph import Array, Floats, Node
from ..graph.executor import execute
from ..graph.float_reference import float_compute, forward
from ..numerics.fixed import Fixed
from ..quantization.fake_quant import fake_compute
from ..quantization.plan import AnglePlan, AttentionPlan, LinearPlan
from ..quantization.quantized_model import QuantizedModel
from .integer_model import IntegerModel
from .quality import Quality, quality
from .rounding_error import RoundingError
from .rules import ReferenceRules

__all__ = [
    "Diagnosed",
    "StreamHealth",
    "diagnose",
    "fake_quality",
    "rounding_errors",
    "values_of_a_token",
]

Key = tuple[str, int | None]
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class StreamHealth:
    """A value in one layer (None outside of loops), or the scores inside an attention.

    Errors are relative: the root of the mean square of the difference by that of the float value.

    own: what rounding here adds if all that is read is exact; weights: whether that is of a matrix
    scores: whether it is the scores inside an attention
    fake, integer: of the fake quantization and of the integers, with all errors before; no integer
        of a value that is only read in parts, each of which has its own scale
    clipped: share of the integers that are at an end of their format
    channel: the feature with the greatest peak; outlier: that peak by the median of all features
    """

    name: str
    layer: int | None
    own: float = 0.0
    weights: bool = False
    scores: bool = False
    fake: float = 0.0
    integer: float | None = None
    clipped: float = 0.0
    channel: int | None = None
    outlier: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Diagnosed:
    """Streams in the order of execution; the logits of fake quantization and of the integers."""

    streams: tuple[StreamHealth, ...]
    fake: Quality
    integer: Quality


def values_of_a_token(model: Model) -> int:
    """Numbers that all values of all layers have for one token."""
    total = 0
    for node, loop in model.graph.walk():
        size = model.graph.shapes[node.name][-1]
        total += (1 if loop is None else loop.trips) * (size if isinstance(size, int) else 1)
    return total


def fake_quality(
    model: Model, padded: Model, quantized: QuantizedModel, tokens: NDArray[np.int64]
) -> Quality:
    """Logits of the fake quantization against those of the float model, on a few tokens [n].

    model: as it was loaded; padded: with the rows that were quantized
    """
    head = model.graph.node(model.graph.result).inputs[0]
    real = forward(model.graph, model.weights, tokens, all_rows=True)[head]
    fake = execute(padded.graph, tokens, fake_compute(padded, quantized), all_rows=True)[head]
    return quality(real, fake)


def rounding_errors(
    padded: Model, quantized: QuantizedModel, tokens: NDArray[np.int64]
) -> tuple[Quality, tuple[RoundingError, ...]]:
    """Logits of the fake quantization, and all values before them, on a few tokens [n].

    padded: with the rows that were quantized
    """
    seen = _Seen(padded, quantized)
    rows = tokens[None, :]
    real = seen.floats(rows)
    fakes, fake = seen.fakes(rows)
    head = padded.graph.node(padded.graph.result).inputs[0]
    errors = (
        RoundingError(
            value=name,
            layer=layer,
            own=seen.own[name, layer],
            whole=fakes[name, layer],
            weights=isinstance(quantized.plans[name], LinearPlan),
        )
        for name, layer in seen.order
        if (name, layer) in real
    )
    return quality(real[head, None], fake[head]), tuple(errors)


def diagnose(
    model: Model,
    padded: Model,
    quantized: QuantizedModel,
    reference: ReferenceRules,
    rows: NDArray[np.int64],
    say: Say = lambda what: None,
) -> Diagnosed:
    """Runs windows ``rows`` [windows, tokens] through all three executions.

    model: as it was loaded; padded: with the rows that were quantized
    reference: rules of the layer kinds; say: told what runs

    All values of all layers are kept: see ``values_of_a_token``.
    """
    seen = _Seen(padded, quantized)
    say("float")
    real = seen.floats(rows)
    peaks = _peaks(model, rows)
    say("fake quantization")
    fakes, fake = seen.fakes(rows)
    say("integers")
    integers, clipped, integer = seen.integers(IntegerModel(quantized, reference), rows)
    streams = []
    for key in seen.order:
        name, layer = key
        if (name, layer) not in real:
            if clipped.get(key, 0.0) > 0:
                found = StreamHealth(name=name, layer=layer, scores=True, clipped=clipped[key])
                streams.append(found)
            continue
        channel, outlier = _outlier(peaks[key])
        streams.append(
            StreamHealth(
                name=name,
                layer=layer,
                own=seen.own[key],
                weights=isinstance(quantized.plans[name], LinearPlan),
                fake=fakes[key],
                integer=integers.get(key),
                clipped=clipped[key],
                channel=channel,
                outlier=outlier,
            )
        )
    head = model.graph.node(model.graph.result).inputs[0]
    return Diagnosed(
        streams=tuple(streams),
        fake=quality(real[head, None], fake[head]),
        integer=quality(real[head, None], integer),
    )


class _Seen:
    """What the executions of one quantized model show, compared with its float values."""

    def __init__(self, padded: Model, quantized: QuantizedModel):
        self._model, self._quantized = padded, quantized
        self._real: dict[Key, Floats] = {}
        self.own: dict[Key, float] = {}
        self.order: list[Key] = []

    def floats(self, rows: NDArray[np.int64]) -> dict[Key, Floats]:
        """The float values; also what each node alone adds, its inputs being exact."""
        exact = float_compute(self._model.weights)
        fake = fake_compute(self._model, self._quantized)

        def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
            value = exact(node, layer, inputs)
            plan = self._quantized.plans[node.name]
            if value.dtype == np.float32 and not isinstance(plan, AnglePlan):
                if isinstance(plan, AttentionPlan):
                    self.order.append((f"{node.name}.scores", layer))
                self.order.append((node.name, layer))
                self._real[node.name, layer] = value
                self.own[node.name, layer] = _error(fake(node, layer, inputs), value)
            return value

        execute(self._model.graph, rows, compute, all_rows=True)
        return self._real

    def fakes(self, rows: NDArray[np.int64]) -> tuple[dict[Key, float], dict[str, Array]]:
        """Errors of the fake quantization, and its last values."""
        fake = fake_compute(self._model, self._quantized)
        errors: dict[Key, float] = {}

        def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
            value = fake(node, layer, inputs)
            if (node.name, layer) in self._real:
                errors[node.name, layer] = _error(value, self._real[node.name, layer])
            return value

        return errors, execute(self._model.graph, rows, compute, all_rows=True)

    def integers(
        self, integer: IntegerModel, rows: NDArray[np.int64]
    ) -> tuple[dict[Key, float], dict[Key, float], Array]:
        """Errors of the integers, their shares at an end of the format, and the logits."""
        errors: dict[Key, float] = {}
        clipped: dict[Key, float] = {}
        head = self._model.graph.node(self._model.graph.result).inputs[0]
        logits: list[Array] = []
        graph = self._model.graph
        in_parts = {
            node.name
            for node, _ in graph.walk()
            if (readers := graph.readers(node.name))
            and all(reader.op.row_part is not None for reader in readers)
        }

        def record(name: str, layer: int | None, codes: NDArray[np.float64]) -> None:
            if (name, layer) in self._real:
                value = codes * self._quantized.scales(name, layer)
                if name not in in_parts:
                    errors[name, layer] = _error(value, self._real[name, layer])
                clipped[name, layer] = _share(codes, self._quantized.formats[name], codes.size)
                if name == head:
                    logits.append(value)
            elif name.endswith(".scores"):
                plan = self._quantized.plans[name.removesuffix(".scores")]
                if isinstance(plan, AttentionPlan):
                    seen = int(np.count_nonzero(codes))  # the rest lies beyond the length of a row
                    clipped[name, layer] = _share(codes, plan.scores, seen)

        integer.observe(rows, record)
        return errors, clipped, logits[0]


def _share(codes: NDArray[np.float64], fmt: Fixed, count: int) -> float:
    ends = int(np.count_nonzero((codes == fmt.minimum) | (codes == fmt.maximum)))
    return ends / max(1, count)


def _error(value: Array, real: Floats) -> float:
    """Relative error; what should be zero and is not is infinitely wrong."""
    wrong, size = float(np.linalg.norm(value - real)), float(np.linalg.norm(real))
    return 0.0 if wrong == 0 else wrong / size if size else float("inf")


def _peaks(model: Model, rows: NDArray[np.int64]) -> dict[Key, Floats]:
    """Greatest magnitudes of all features, as the model numbers them without padding."""
    exact = float_compute(model.weights)
    found: dict[Key, Floats] = {}

    def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
        value = exact(node, layer, inputs)
        if value.dtype == np.float32:
            found[node.name, layer] = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
        return value

    execute(model.graph, rows, compute, all_rows=True)
    return found


def _outlier(peaks: Floats) -> tuple[int, float]:
    """The feature with the greatest peak, and how many medians that is."""
    channel = int(peaks.argmax())
    median = float(np.median(peaks))
    return channel, float(peaks[channel]) / median if median > 0 else 1.0
