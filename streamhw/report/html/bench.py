# SPDX-License-Identifier: Apache-2.0
"""The roofline: published figures, the floor and this design, with an estimate of energy."""

from dataclasses import fields

from ..bench import Bench
from ..bench_tables import COLUMNS, notes, rows_of
from ..energy import MODELS, Energy
from .markup import Content, Html, section, table, tag
from .roofline_plot import roofline_plot

__all__ = ["bench"]

PLOT = (
    "Full marks: a token after the first; hollow ones: the prompt. All have the same products to "
    "do, and are drawn at the bytes that this design's weights take, whatever formats others have."
)


def bench(measures: Bench) -> Html:
    """The section."""
    names = tuple(f"{c.name}#" if c.number else c.name for c in COLUMNS)
    parts: list[Content] = [
        roofline_plot(measures),
        tag("p", PLOT, cls="says") if measures.points else None,
    ]
    for point in measures.points:
        parts.append(tag("h3", f"{point.answer} tokens after {point.prompt}"))
        parts.append(table(names, rows_of(measures, point)))
    parts.extend(tag("p", note, cls="says") for note in notes(measures))
    if measures.contexts:
        parts.append(tag("h3", "One token at a context, predicted"))
        parts.append(_contexts(measures))
    if measures.part in MODELS and measures.points:
        parts.append(tag("h3", "Energy, estimated: millijoule a token, prompt included"))
        parts.append(_energy(measures))
        parts.append(_constants(measures))
    return section(
        "bench",
        "Roofline",
        "What the model asks for at least on this board, what this design takes, and what others "
        "published. Milliseconds are cycles at an assumed clock.",
        *parts,
    )


def _contexts(measures: Bench) -> Html:
    rows: list[list[Content]] = []
    for context in measures.contexts:
        floor, ours = 1e3 * measures.roofline.step(1, context.length), measures.ms(context.cycles)
        rows.append([context.length, round(context.cycles), f"{ours:.3f}", f"{floor:.3f}",
                     f"{floor / ours:.1%}"])  # fmt: skip
    return table(("positions#", "cycles#", "ms#", "floor, ms#", "of the roofline#"), rows)


def _energy(measures: Bench) -> Html:
    names = [field.name for field in fields(Energy)]
    rows: list[list[Content]] = []
    for point in measures.points:
        energy = measures.energy(point)
        assert energy is not None
        each = 1e3 / point.answer
        watts = energy.total / (measures.ms(point.total) / 1e3)
        rows.append(
            [
                f"{point.prompt}:{point.answer}",
                *(f"{getattr(energy, name) * each:.2f}" for name in names),
                f"{energy.total * each:.2f}",
                f"{point.answer / energy.total:.1f}",
                f"{watts:.1f}",
            ]
        )
    heads = (*(f"{name}#" for name in names), "all#", "tokens/J#", "average W#")
    return table(("prompt:answer", *heads), rows)


def _constants(measures: Bench) -> Html:
    model = MODELS[measures.part]
    rows: list[list[Content]] = []
    for field in fields(model):
        constant = getattr(model, field.name)
        rows.append([field.name.replace("_", " "), f"{constant.value:g}", constant.unit,
                     constant.source])  # fmt: skip
    return table(("constant", "value#", "unit", "source or assumption"), rows)
