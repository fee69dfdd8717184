# SPDX-License-Identifier: Apache-2.0
"""What a layer kind tells the quantizer, and what the quantizer tells it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..frontend.model import Model, Origin
from ..frontend.weights import RandomWeights, row_blocks
from ..graph import Array, Floats, Graph, Lookup, Node, Op, parameter_name
from ..graph.rules import rule_of
from ..numerics.fixed import Fixed
from .compensation import Compensation, compensation, damping_of
from .config import RESIDUAL_FINE_BITS, RESIDUAL_WIDTH, QuantConfig
from .formats import RESIDUAL_MARGIN, byte_scales, fraction
from .plan import Plan
from .quantized_model import Parameters
from .smoothing import Reader, heavy_ranges, searched_scales, smoothed_scales
from .statistics import Key, Statistics

__all__ = ["Quantization", "QuantizationRule", "QuantizationRules"]

Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class QuantizationRule:
    """How a layer kind becomes integers: one function a decision, ``None`` where it has none.

    Format and scales of a value are a matter of who makes it and who reads it. A reader may *want*
    a format and scales; who makes the value decides.

    format: of a node's value, the same in all layers
    plan: how a node computes, the same in all layers
    wants: the format that a node wants of the operand of that name
    wants_scales: the real sizes of an LSB that it wants of the operand's features in a layer
    scales: those of its own value, if no reader wants others and they differ among features
    parameters: the integers that a node is fed with in a layer
    settled: parameters that are made at once, with the scales that the rounded ones stand for
    smoothing: how far scales of the operand follow its ranges rather than the node's parameters
    matrix: what the operand is multiplied with in a layer, and its number format
    peaks: greatest magnitudes of a value's features in a layer, if other text may show greater ones
        than calibration saw
    known_peaks: the same from the parameters alone, whatever was seen
    inner: the greatest magnitude that matters of values inside of the node, for some inputs
    sums: what calibration adds up over all tokens of a trained model, for some inputs
    tied: for each feature of a node's value a number; those of the same one must have one scale
    most_width: bits of the widest operand that the node takes
    residual: whether its values are sums of the residual stream, which all have one format
    measured: whether calibration takes the moments of the operand
    """

    format: Callable[["Quantization", Node], Fixed]
    plan: Callable[["Quantization", Node], Plan] | None = None
    wants: Callable[["Quantization", Node, str], Fixed | None] | None = None
    wants_scales: Callable[["Quantization", Node, str, int | None], Reals | None] | None = None
    scales: Callable[["Quantization", Node, int | None], Reals | None] | None = None
    parameters: Callable[["Quantization", Node, int | None], Parameters] | None = None
    settled: (
        Callable[["Quantization", Node, int | None], tuple[Parameters, Reals] | None] | None
    ) = None
    smoothing: Callable[["Quantization", Node], float] | None = None
    matrix: Callable[["Quantization", Node, int | None], Reader] | None = None
    peaks: Callable[["Quantization", Node, int | None], Floats] | None = None
    known_peaks: Callable[[Node, Lookup], Floats] | None = None
    inner: Callable[[Node, int | None, tuple[Array, ...]], float] | None = None
    sums: Callable[[Node, tuple[Array, ...]], tuple[Floats, ...]] | None = None
    tied: Callable[[Node], NDArray[np.int64]] | None = None
    most_width: Callable[[Node], int] | None = None
    residual: bool = False
    measured: bool = False


QuantizationRules = Mapping[type[Op], QuantizationRule]


@dataclass(eq=False)
class Quantization:
    """A model while it is quantized: what is known, and what was decided so far.

    scales: of values whose features have one each
    on_weights: told how many more weights of matrices are rounded
    """

    model: Model
    config: QuantConfig
    statistics: Statistics
    rules: QuantizationRules
    on_weights: Callable[[int], None] = lambda count: None
    plans: dict[str, Plan] = field(default_factory=dict)
    scales: dict[Key, Reals] = field(default_factory=dict)
    _formats: dict[str, Fixed] = field(default_factory=dict)
    _smooth: dict[Key, Reals] = field(default_factory=dict)
    _compensation: tuple[Key, Compensation] | None = None

    @property
    def graph(self) -> Graph:
        return self.model.graph

    @property
    def trained(self) -> bool:
        """Whether weights come from a checkpoint, so that their details matter."""
        return self.model.origin is Origin.CHECKPOINT

    def rule(self, node: Node) -> QuantizationRule:
        """The rule of a node's kind; raises ``BuildError`` if it is not installed."""
        return rule_of(self.rules, node)

    def layers(self, node: str) -> tuple[int | None, ...]:
        """The layers that a node is executed in."""
        loop = self.graph.loop_of(node)
        return (None,) if loop is None else tuple(range(loop.trips))

    def keys(self, node: str) -> tuple[Key, ...]:
        return tuple((node, layer) for layer in self.layers(node))

    def weight(self, name: str, layer: int | None) -> Floats:
        """A trained tensor by the graph's name."""
        return self.model.weights[parameter_name(name, layer)]

    def weight_blocks(self, name: str, layer: int | None) -> Iterator[Floats]:
        """The same in blocks of rows: the largest tensor of a model may be most of it."""
        return row_blocks(self.model.weights, parameter_name(name, layer))

    # ---- ranges

    def peaks(self, name: str, layer: int | None) -> Floats:
        """Greatest magnitudes of a value's features in a layer."""
        node = self.graph.node(name)
        rule = self.rule(node)
        if rule.peaks is not None:
            return rule.peaks(self, node, layer)
        return self.statistics.largest[name, layer]

    def tied(self, name: str) -> NDArray[np.int64]:
        """A number for each feature of a value; those of the same one must have one scale."""
        node = self.graph.node(name)
        rule = self.rule(node)
        if rule.tied is not None:
            return rule.tied(node)
        return np.arange(self.graph.shapes[name][-1])

    def ranges(self, name: str, layer: int | None, margin: float = 1.0) -> Reals:
        """What magnitudes of a value's features may be on other text; ``margin``: of values that
        are seldom large."""
        peak = self.statistics.largest[name, layer].astype(np.float64)
        moments = self.statistics.moments.get((name, layer))
        return heavy_ranges(peak, moments.square, margin) if self.trained and moments else peak

    def largest(self, name: str) -> float:
        """Greatest magnitude of a value that calibration saw in all layers."""
        return max(float(self.statistics.largest[key].max()) for key in self.keys(name))

    # ---- formats

    @cached_property
    def residual(self) -> Fixed:
        """The one format of all sums, and of what is added to them.

        Outlier features of late layers may be thousands of times as large as what enters the first
        one: the step must be fine enough for that, too.
        """
        sums = [n.name for n, _ in self.graph.walk() if self.rule(n).residual]
        sums += [loop.source for loop in self.graph.loops]
        largest = max((self.largest(name) for name in sums), default=1.0)
        width, frac = RESIDUAL_WIDTH, fraction(RESIDUAL_WIDTH, largest, RESIDUAL_MARGIN)
        if self.trained:
            peaks = [self.statistics.largest[key] for name in sums for key in self.keys(name)]
            usual = [float(np.median(peak[peak > 0])) for peak in peaks if peak.any()]
            finest = RESIDUAL_FINE_BITS - int(np.floor(np.log2(min(usual, default=1.0))))
            width += max(0, finest - frac)
        rules = ((self.rule(node).most_width, node) for node, _ in self.graph.walk())
        width = min([width, *(most(node) for most, node in rules if most is not None)])
        return Fixed(width, frac + width - RESIDUAL_WIDTH)

    def enters_loop(self, node: Node) -> bool:
        """Whether a node's value is what enters the layers."""
        return any(loop.source == node.name for loop in self.graph.loops)

    def format(self, name: str) -> Fixed:
        """The format of a value."""
        if any(name in (loop.name, loop.carried) for loop in self.graph.loops):
            return self.residual
        if name not in self._formats:
            node = self.graph.node(name)
            self._formats[name] = self.rule(node).format(self, node)
        return self._formats[name]

    def wanted(self, name: str) -> Fixed | None:
        """The widest format that a reader of a value wants."""
        found = [
            fmt
            for reader in self.graph.readers(name)
            if (wants := self.rule(reader).wants) is not None
            and (fmt := wants(self, reader, name)) is not None
        ]
        return max(found, key=lambda fmt: fmt.width, default=None)

    # ---- scales

    def wanted_scales(self, name: str, layer: int | None) -> Reals | None:
        """The scales that the first reader with such a wish wants of a value."""
        for reader in self.graph.readers(name):
            wants = self.rule(reader).wants_scales
            found = None if wants is None else wants(self, reader, name, layer)
            if found is not None:
                return found
        return None

    def scales_of(self, name: str, layer: int | None) -> Reals | float:
        """The real size of an LSB: of each feature, or of all."""
        return self.scales.get((name, layer), self.format(name).step)

    def smooth_scales(
        self,
        node: Node,
        layer: int | None,
        ranges: Reals | None = None,
        even: Callable[[Reals], Reals] = np.asarray,
        fine: bool = False,
    ) -> Reals:
        """Scales of int8 that split the channels' ranges between a value and the matrices that
        its readers multiply it with.

        ranges: scales that hold each channel; ``None``: those of the greatest magnitudes
        even: what is made of scales before they are used
        fine: whether the value has so many bits that scales may suit the matrices alone
        """
        if ranges is None:
            if (node.name, layer) not in self._smooth:  # searched for a format, then for scales
                own = byte_scales(self.ranges(node.name, layer))
                self._smooth[node.name, layer] = self.smooth_scales(node, layer, own, even, fine)
            return self._smooth[node.name, layer]
        found = [
            (rule.smoothing(self, reader), rule.matrix, reader)
            for reader in self.graph.readers(node.name)
            if (rule := self.rule(reader)).smoothing is not None and rule.matrix is not None
        ]
        if not found or isinstance(self.model.weights, RandomWeights):
            return ranges  # columns of random matrices are all alike
        readers = [matrix(self, reader, layer) for _, matrix, reader in found]
        if self.trained and self.config.smoothing is None:
            square = self.statistics.moments[node.name, layer].square
            return searched_scales(ranges, readers, square, even, fine)
        return smoothed_scales(ranges, readers, min(alpha for alpha, _, _ in found))

    def compensation(self, value: str, layer: int | None) -> Compensation | None:
        """What the moments of a value say of rounding the matrices that it is multiplied with;
        ``None`` if they were not measured."""
        outer = self.statistics.moments[value, layer].outer
        if outer is None:
            return None
        if self._compensation is None or self._compensation[0] != (value, layer):
            scales = np.asarray(self.scales[value, layer], dtype=np.float32)
            general = self.model.general_calibration
            damping = damping_of(len(outer), self.statistics.tokens, general=general)
            made = compensation(outer / np.outer(scales, scales), damping)
            self._compensation = (value, layer), made  # for the other readers
        return self._compensation[1]
