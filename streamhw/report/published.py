# SPDX-License-Identifier: Apache-2.0
"""Figures that others published, by the shape of the model: copied from papers, nothing computed.

A figure is only comparable with what it covers; each system says what it leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PUBLISHED", "Figure", "Shape", "System", "published"]


@dataclass(frozen=True, order=True)
class Shape:
    """What identifies a model: layers, width, hidden width, query heads, key and value heads."""

    layers: int
    features: int
    hidden: int
    heads: int
    kv_heads: int

    def __str__(self) -> str:
        return "/".join(str(n) for n in vars(self).values())


@dataclass(frozen=True, kw_only=True)
class System:
    """Where figures come from.

    where: device, clock, number formats; source: the publication; caveat: what to know before one
    compares; watts: the card's thermal design power as the source gives it, not a measurement
    """

    name: str
    where: str
    source: str
    caveat: str
    watts: float | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One published point: prompt and answer in tokens, milliseconds, tokens a second.

    ``None`` for prompt and answer: the source gives one figure for all lengths.
    """

    system: System
    prompt: int | None = None
    answer: int | None = None
    total_ms: float | None = None
    first_ms: float | None = None
    rate: float

    @property
    def token_ms(self) -> float:
        """Of a token after the first."""
        return 1e3 / self.rate


_TABLES = "StreamTensor, MICRO'25, doi 10.1145/3725843.3762817, arXiv 2509.13694v2, tables 4 and 5"
_CARRIED = (
    "the same tokens a second at every length: carried over from its own paper by StreamTensor's "
    "table"
)

STREAMTENSOR = System(
    name="StreamTensor",
    where="U55C, 250 MHz, W4A8",
    source=_TABLES,
    caveat="whether the head is in it, and how the cache is appended to, is not said; the time of "
    "a token does not grow with the context",
    watts=150.0,
)
ALLO = System(
    name="Allo",
    where="U280, 250 MHz, W4A8",
    source=f"PLDI'24, as in {_TABLES}",
    caveat=_CARRIED,
    watts=225.0,
)
DFX = System(
    name="DFX",
    where="U280, 200 MHz, FP16, one card",
    source=f"MICRO'22, as in {_TABLES}",
    caveat=_CARRIED,
    watts=225.0,
)
A100 = System(
    name="A100",
    where="A100 80 GB, 1,065 MHz, W8A8",
    source=_TABLES,
    caveat="bound by kernel launches: 1.8 % of its memory bandwidth",
    watts=300.0,
)
GTX2080TI = System(
    name="2080 Ti",
    where="RTX 2080 Ti, 1,350 MHz, W8A8",
    source=_TABLES,
    caveat="bound by kernel launches",
    watts=250.0,
)
CODO = System(
    name="CODO",
    where="U280, 300 MHz, W4A8",
    source="ISCA'26, arXiv 2604.12618, table VI, as read by a third party",
    caveat="a single block times the number of layers; its public kernel has no earlier keys and "
    "values, no head and reads no result back",
)
LOOPLYNX = System(
    name="LoopLynx",
    where="U50, 285 MHz, W8A8, one node",
    source="DATE'25, arXiv 2504.09561, as read by a third party",
    caveat="simulated by its authors; lengths are not said",
)


def _row(system: System, length: int, total_ms: float, first_ms: float, rate: float) -> Figure:
    return Figure(
        system=system,
        prompt=length,
        answer=length,
        total_ms=total_ms,
        first_ms=first_ms,
        rate=rate,
    )


GPT2_MEDIUM = Shape(24, 1024, 4096, 16, 16)

PUBLISHED: Mapping[Shape, tuple[Figure, ...]] = {
    GPT2_MEDIUM: (
        _row(CODO, 32, 158.64, 20.40, 231.48),
        _row(CODO, 64, 313.44, 32.64, 231.48),
        _row(CODO, 128, 663.36, 110.40, 231.48),
        _row(STREAMTENSOR, 32, 194.99, 34.59, 199.51),
        _row(STREAMTENSOR, 64, 358.24, 61.27, 215.51),
        _row(STREAMTENSOR, 128, 696.65, 125.35, 224.05),
        _row(STREAMTENSOR, 256, 1387.76, 272.85, 229.61),
        _row(ALLO, 32, 238.32, 81.50, 204.05),
        _row(ALLO, 64, 476.64, 162.99, 204.05),
        _row(ALLO, 128, 953.28, 325.98, 204.05),
        _row(ALLO, 256, 1906.56, 651.96, 204.05),
        _row(DFX, 32, 350.00, 177.20, 185.19),
        _row(DFX, 64, 694.70, 349.10, 185.19),
        _row(DFX, 128, 1384.00, 692.80, 185.19),
        _row(DFX, 256, 2800.00, 1417.60, 185.19),
        _row(A100, 32, 291.16, 8.72, 113.30),
        _row(A100, 64, 567.41, 8.76, 114.56),
        _row(A100, 128, 1118.28, 8.65, 115.35),
        _row(A100, 256, 2227.79, 8.53, 115.35),
        _row(GTX2080TI, 32, 518.46, 24.98, 64.85),
        _row(GTX2080TI, 64, 1010.81, 25.23, 64.94),
        _row(GTX2080TI, 128, 3969.76, 25.26, 32.45),
        _row(GTX2080TI, 256, 7914.23, 25.23, 32.45),
        Figure(system=LOOPLYNX, rate=151.7),
    ),
}
"""In the order in which tables show them. [in:out] of a paper is prompt and answer."""


def published(shape: Shape, prompt: int | None = None, answer: int | None = None) -> list[Figure]:
    """Figures of a model's shape, of those lengths or of no particular ones."""
    return [
        figure
        for figure in PUBLISHED.get(shape, ())
        if figure.prompt is None or (figure.prompt, figure.answer) == (prompt, answer)
    ]
