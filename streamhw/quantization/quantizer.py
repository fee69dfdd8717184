# SPDX-License-Identifier: Apache-2.0
"""From a float model to integers: measures ranges, decides formats, converts every parameter."""

from collections.abc import Callable

from ..errors import InternalError
from ..frontend.model import Model, Origin
from ..frontend.weights import RandomWeights
from ..frozen_map import FrozenMap
from ..graph import Graph
from .calibrate import calibrate, calibration_tokens
from .config import QuantConfig
from .kept_statistics import kept_statistics
from .parameters import Integers
from .plan import QuantizationPlan
from .quantized_model import QuantizedModel
from .rules import Quantization, QuantizationRules
from .weight_formats import check_wide, weight_formats

__all__ = ["quantize"]


def quantize(
    model: Model,
    rules: QuantizationRules,
    config: QuantConfig | None = None,
    *,
    on_share: Callable[[float], None] | None = None,
) -> QuantizedModel:
    """Quantizes ``model``: ranges from its calibration text, or from random tokens without one.

    rules: of the layer kinds
    on_share: told the share that is done: half of it are the tokens that are measured, half the
        weights that are rounded

    Raises ``BuildError`` if the group does not divide a matrix's columns, the graph uses a value in
    a way that the integer semantics does not have, or a layer kind has no rule; ``UserError`` if
    ``config`` names a product that the graph does not have; ``InternalError`` if it leaves bits to
    be chosen.
    """
    chosen = config or QuantConfig()
    if chosen.rise is not None:
        raise InternalError("Products of 8 bits must be chosen before a model is quantized")
    check_wide(model.graph, chosen)
    tokens, source = calibration_tokens(model, chosen)
    if isinstance(model.weights, RandomWeights):
        statistics = kept_statistics(model.graph, model.weights, tokens, rules, source=source)
    else:
        trained = model.origin is Origin.CHECKPOINT
        wanted = weight_formats(model.graph, chosen).values()
        outer = trained and chosen.compensate and any(fmt.compensated for fmt in wanted)
        statistics = calibrate(
            model.graph,
            model.weights,
            tokens,
            rules,
            outer=outer,
            source=source,
            on_share=on_share and (lambda share: on_share(share / 2)),
        )
    graph = model.graph
    state = Quantization(
        model, chosen, statistics, rules, on_weights=_share_of_weights(graph, on_share)
    )
    formats = {node.name: state.format(node.name) for node, _ in graph.walk()}
    for loop in graph.loops:
        formats[loop.carried] = formats[loop.name] = state.residual
    for node, _ in graph.walk():
        rule = state.rule(node)
        for key in state.keys(node.name):
            scales = state.wanted_scales(*key)
            if scales is None and rule.scales is not None:
                scales = rule.scales(state, node, key[1])
            if scales is not None:
                state.scales[key] = scales
    for node, _ in graph.walk():
        rule = state.rule(node)
        if rule.plan is not None:
            state.plans[node.name] = rule.plan(state, node)
    parameters = Integers(state)
    parameters.settle()
    if not isinstance(model.weights, RandomWeights):
        parameters.make_all()
    plan = QuantizationPlan(
        graph=graph,
        natural=model.natural,
        config=chosen,
        plans=FrozenMap(state.plans),
        formats=FrozenMap(formats),
        calibration=statistics.source,
    )
    return QuantizedModel(plan=plan, _parameters=parameters, _scales=state.scales)


def _share_of_weights(
    graph: Graph, on_share: Callable[[float], None] | None
) -> Callable[[int], None]:
    """Counts the weights of all matrices, as the second half of the work."""
    done, total = (
        0,
        sum(
            node.op.product.inputs * node.op.product.outputs * (1 if loop is None else loop.trips)
            for node, loop in graph.walk()
            if node.op.product is not None
        ),
    )

    def told(count: int) -> None:
        nonlocal done
        done += count
        if on_share is not None:
            on_share(min(1.0, (1 + done / total) / 2))

    return told
