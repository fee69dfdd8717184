# SPDX-License-Identifier: Apache-2.0
"""Rotary angles scaled by YaRN, as config.json describes them and transformers computes them."""

from math import ceil, floor, log, pi

from ...graph import Scaling
from .config_reader import ConfigReader

__all__ = ["yarn_scaling"]

_LEAST = 7
"""Positions of the first training: a wavelength of one radian a position is shorter."""
_MOST_AMPLITUDE = 2.0
"""What a word of an angle holds is below that."""


def yarn_scaling(
    found: ConfigReader, reader: ConfigReader, *, base: float, head_dim: int
) -> Scaling:
    """The scaling, as ``Angles`` has it: YaRN counts the rotations in the first training.

    found: the section of the scaling; reader: the whole configuration

    Source   Peng et al. 2023, with the bounds of the ramp at whole pairs unless ``truncate`` is off
    """
    key = "original_max_position_embeddings"
    longest = reader.integer("max_position_embeddings")
    trained = found.integer(key, least=_LEAST) if found.value(key) is not None else longest
    if trained < _LEAST:
        reader.refuse("max_position_embeddings", f"an integer of at least {_LEAST}")
    factor = longest / trained if found.value("factor") is None else found.number("factor")
    if factor < 1:
        found.refuse("factor", "a number of at least 1")
    fast, slow = (
        found.number(name) if found.value(name) else default
        for name, default in (("beta_fast", 32.0), ("beta_slow", 1.0))
    )
    if fast <= slow:
        found.refuse("beta_fast", f"a number above beta_slow ({slow:g})")

    def pair(rotations: float) -> float:
        """Where among the pairs is the one that rotates so often in the first training."""
        return head_dim * log(trained / (rotations * 2 * pi)) / (2 * log(base))

    low, high = pair(fast), pair(slow)
    if found.value("truncate") is not False:
        low, high = floor(low), ceil(high)
    low, high = max(low, 0), min(high, head_dim - 1)
    if high < low:
        found.refuse(key, f"less for a rope_theta of {base:g}")
    if high == low:
        high = low + 0.001
    kept, divided = (2 * pi * base ** (2 * place / head_dim) for place in (low, high))
    return (factor, kept, divided, _amplitude(found, factor))


def _amplitude(found: ConfigReader, factor: float) -> float:
    """What cosines and sines are multiplied by."""
    if found.value("attention_factor") is not None:
        amplitude = found.number("attention_factor")
        if amplitude >= _MOST_AMPLITUDE:
            found.refuse("attention_factor", f"a number below {_MOST_AMPLITUDE:g}")
        return amplitude

    def grown(by: float) -> float:
        return 0.1 * by * log(factor) + 1.0

    amplitude = grown(1.0)
    if found.value("mscale") and found.value("mscale_all_dim"):
        amplitude = grown(found.number("mscale")) / grown(found.number("mscale_all_dim"))
    if amplitude >= _MOST_AMPLITUDE:
        found.refuse("factor", f"less: cosines must be multiplied by less than {_MOST_AMPLITUDE:g}")
    return amplitude
