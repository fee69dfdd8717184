# SPDX-License-Identifier: Apache-2.0
"""How number formats of a model are typed, both ways: ``--quant`` and the bits beside it."""

from dataclasses import replace

from ..errors import UserError
from ..near_names import did_you_mean
from ..numerics.element_format import element_formats
from .config import QuantConfig

__all__ = ["format_options", "parse_formats"]

_BITS = {"w4a8": 4, "w8a8": 8}
_AUTO = "auto"


def parse_formats(name: str, head_bits: int | None = None, cache_bits: int = 8) -> QuantConfig:
    """What ``--quant NAME --head-bits N --cache-bits N`` says; raises ``UserError`` if it says
    nothing."""
    kind, plus, products = name.partition("+")
    if kind.startswith(f"{_AUTO}:"):
        return QuantConfig(head_bits=head_bits, rise=_share(name), cache_bits=cache_bits)
    if products.startswith(f"{_AUTO}:"):
        chosen = parse_formats(kind, head_bits, cache_bits)
        if (bits := chosen.weights(head=False).bits) > _BITS["w4a8"]:
            raise UserError(f"Format before +{_AUTO}: must have 4 bits a weight, not {bits}")
        return replace(chosen, rise=_share(products))
    wide = tuple(products.split(",")) if plus else ()
    if kind in _BITS:
        return QuantConfig(
            weight_bits=_BITS[kind], head_bits=head_bits, wide=wide, cache_bits=cache_bits
        )
    known = element_formats()
    if kind not in known:
        names = [*_BITS, f"{_AUTO}:5%", *known]
        raise UserError(
            f"Number format must be one of {', '.join(names)}, not {name!r}",
            hint=did_you_mean(kind, names),
        )
    if head_bits is not None:
        raise UserError(f"Bits of the head must come with w4a8 or w8a8, not with {name}")
    return QuantConfig(number_format=kind, wide=wide, cache_bits=cache_bits)


def format_options(config: QuantConfig) -> list[str]:
    """What is typed for a configuration."""
    wide = f"+{','.join(config.wide)}" if config.wide else ""
    bound = "" if config.rise is None else f"{_AUTO}:{100 * config.rise:g}%"
    cache = [] if config.cache_bits == 8 else ["--cache-bits", str(config.cache_bits)]
    if config.number_format is not None:
        return ["--quant", config.number_format + (f"+{bound}" if bound else wide), *cache]
    name = bound or f"w{config.weight_bits}a8{wide}"
    head = [] if config.head_bits is None else ["--head-bits", str(config.head_bits)]
    return ["--quant", name, *head, *cache]


def _share(text: str) -> float:
    """The percentage above 0 of ``auto:5%`` as a fraction."""
    number, percent, rest = text.partition(":")[2].partition("%")
    try:
        share = float(number) / 100
    except ValueError:
        share = 0.0
    if not (percent and not rest and 0 < share <= 1):
        raise UserError(
            f"Rise of perplexity must be above 0 % and at most 100 %, as in {_AUTO}:5%, "
            f"not {text!r}"
        )
    return share
