# SPDX-License-Identifier: Apache-2.0
"""Tables of ``bench`` as a user reads them: published figures, the floor, this design, energy."""

from collections.abc import Iterator
from dataclasses import fields

from rich.console import Group, RenderableType
from rich.text import Text

from .bench import Bench, BenchPoint
from .energy import MODELS, Energy
from .fitted_table import FittedTable, numbers, words
from .published import System, published

__all__ = ["bench_view", "notes", "rows_of"]

COLUMNS = (
    *words("who"),
    *words("where", keeps=1, running=True),
    *numbers("first token, ms"),
    *numbers("ms a token"),
    *numbers("tokens/s"),
    *numbers("all, ms"),
    *words("how", keeps=2, running=True),
)

Row = tuple[str, ...]


def bench_view(bench: Bench) -> RenderableType:
    """All tables of a bench, with the notes that they need."""
    parts: list[RenderableType] = [_point(bench, point) for point in bench.points]
    if len(bench.points) > 1:
        parts.append(_summary(bench))
    if bench.contexts:
        parts.append(_contexts(bench))
    if bench.part in MODELS and bench.points:
        parts.append(_energy(bench))
    parts.append(Text("\n".join(notes(bench)), style="dim"))
    return Group(*parts)


def rows_of(bench: Bench, point: BenchPoint) -> Iterator[Row]:
    """Rows of one point: published figures of its lengths, the floor, this design, its share."""
    figures = published(bench.shape, point.prompt, point.answer)
    for figure in figures:
        yield (
            figure.system.name,
            figure.system.where,
            _number(figure.first_ms, 2),
            _number(figure.token_ms, 2),
            _number(figure.rate, 0),
            _number(figure.total_ms, 1),
            "published" if figure.prompt else "published, any lengths",
        )
    first, token, total = bench.floor(point)
    where = f"{bench.board}, {bench.clock_mhz:g} MHz (assumed), {bench.quantization}"
    yield ("floor", where, *_times(first, token, total), "from graph and board")
    ours = (bench.ms(point.first), bench.ms(point.token), bench.ms(point.total))
    how = point.how if point.error is None else f"{point.how} (model {point.error:+.1%})"
    yield ("this design", where, *_times(*ours), how)
    shares = [_share(a, b) for a, b in zip((first, token, total), ours, strict=True)]
    yield ("of the roofline", "", shares[0], shares[1], "", shares[2], "floor / this design")
    if figures:
        best = (
            min((f.first_ms for f in figures if f.first_ms is not None), default=None),
            min(f.token_ms for f in figures),
            min((f.total_ms for f in figures if f.total_ms is not None), default=None),
        )
        times = [_ratio(a, b) for a, b in zip(best, ours, strict=True)]
        yield ("times faster", "", times[0], times[1], "", times[2], "best published / this design")


def notes(bench: Bench) -> Iterator[str]:
    """What tables leave out: formulas, what each published figure covers, sources."""
    roofline, work = bench.roofline, bench.roofline.work
    yield (
        f"floor: a step reads {work.weight_bytes / 1e6:,.1f} MB of weights and "
        f"{work.cache_bytes:,} bytes of keys and values for each earlier position"
        f"{'' if set(work.windows) == {None} else ' that its layers see'}, at "
        f"{roofline.bandwidth / 1e9:,.1f} GB/s; it takes {(work.body + work.head) / 1e6:,.1f} M "
        f"products a token, at {roofline.rate / 1e12:,.3f} T/s (2 x DSPs x clock); the "
        f"longer of both"
    )
    yield (
        f"clock: {bench.clock_mhz:g} MHz is an assumption; nothing was placed or routed. "
        f"Weights: {bench.weights}"
    )
    for memory, share in sorted({(point.memory, point.sustained) for point in bench.points}):
        yield (
            f"predictions: memory {memory} gives long reads {share:.1%} of the bandwidth of the "
            "floor" + ("; refreshes take the rest" if share < 1 else "")
        )
    systems: dict[str, System] = {}
    for point in bench.points:
        for figure in published(bench.shape, point.prompt, point.answer):
            systems[figure.system.name] = figure.system
    for system in systems.values():
        yield f"{system.name}: {system.caveat} ({system.source})"


def _point(bench: Bench, point: BenchPoint) -> FittedTable:
    table = FittedTable(COLUMNS, title=f"{bench.model} [{point.prompt}:{point.answer}]")
    rows = list(rows_of(bench, point))
    for number, row in enumerate(rows):
        style = "bold" if row[0] == "this design" else None
        last = number + 1 < len(rows) and rows[number + 1][0] == "floor"
        table.add_row(*row, style=style, end_section=last)
    if point.compared:
        rate = point.total / max(point.seconds, 1e-9)
        table.caption = (
            f"{point.compared} simulated tokens equal the integer reference; {point.total:,.0f} "
            f"cycles in {point.seconds:,.0f} s, {rate:,.0f} a second"
        )
    return table


def _summary(bench: Bench) -> FittedTable:
    table = FittedTable(
        [
            *numbers("prompt:answer"),
            *words("how", keeps=1, running=True),
            *numbers("first token, ms", "ms a token", "all, ms"),
            *numbers("of the roofline", "model's error", keeps=2),
        ],
        title="all points of this design",
    )
    for point in bench.points:
        total = bench.ms(point.total)
        table.add_row(
            f"{point.prompt}:{point.answer}",
            point.how,
            *(_number(bench.ms(n), 3) for n in (point.first, point.token)),
            _number(total, 2),
            _share(bench.floor(point)[2], total),
            "" if point.error is None else f"{point.error:+.1%}",
        )
    return table


def _contexts(bench: Bench) -> FittedTable:
    table = FittedTable(
        [
            *numbers("positions in the cache", "cycles", "ms"),
            *numbers("floor, ms", "of the roofline", keeps=3),
            *numbers("a layer", "its engine", "its memory", keeps=1),
            *numbers("its idle cycles", keeps=2),
        ],
        title="one token at a context, predicted",
        caption="of a layer, in cycles: idle ones are those that neither engine nor memory needs",
    )
    for context in bench.contexts:
        floor, ours = 1e3 * bench.roofline.step(1, context.length), bench.ms(context.cycles)
        layer = context.layer
        table.add_row(
            f"{context.length:,}",
            f"{context.cycles:,.0f}",
            f"{ours:.3f}",
            f"{floor:.3f}",
            _share(floor, ours),
            *(f"{n:,.0f}" for n in (layer.interval, layer.engine, layer.memory)),
            f"{layer.idle_share:.1%}",
        )
    return table


def _energy(bench: Bench) -> FittedTable:
    names = [field.name for field in fields(Energy)]
    table = FittedTable(
        [
            *numbers("prompt:answer"),
            *numbers(*names, keeps=1),
            *numbers("all", "tokens/J", "average W"),
        ],
        title="energy, estimated: millijoule a token of the answer, prompt included",
        caption="published rows: design power of the card x published time, nothing measured",
    )
    for point in bench.points:
        energy = bench.energy(point)
        assert energy is not None
        each = 1e3 / point.answer
        table.add_row(
            f"{point.prompt}:{point.answer}",
            *(f"{getattr(energy, name) * each:.2f}" for name in names),
            f"{energy.total * each:.2f}",
            f"{point.answer / energy.total:.1f}",
            f"{energy.total / (bench.ms(point.total) / 1e3):.1f}",
        )
        for figure in published(bench.shape, point.prompt, point.answer):
            watts, total = figure.system.watts, figure.total_ms
            if watts is not None and total is not None:
                most = watts * total / point.answer
                table.add_row(
                    f"{figure.system.name}, at most",
                    *[""] * len(names),
                    f"{most:,.0f}",
                    f"{1e3 / most:.1f}",
                    f"{watts:g} (TDP)",
                    style="dim",
                )
    return table


def _times(first: float, token: float, total: float) -> tuple[str, str, str, str]:
    rate = 1e3 / token if token else None
    return _number(first, 3), _number(token or None, 3), _number(rate, 0), _number(total, 2)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _share(floor: float, ours: float) -> str:
    return f"{floor / ours:.1%}" if ours else ""


def _ratio(theirs: float | None, ours: float) -> str:
    return f"{theirs / ours:,.1f} x" if theirs and ours else ""
