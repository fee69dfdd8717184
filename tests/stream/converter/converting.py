# SPDX-License-Identifier: Apache-2.0
"""The bench of a converter: random tensors, and values of its symbols that change."""

import random

import numpy as np

from streamhw.testing import Case, check_kernel
from tests.stream.converter.pairs import FMT, bind


def check(spec, seed, symbol_values=None):
    """Hardware of a spec: random symbol_values, then some invocations of the same for the
    interval."""
    rng = random.Random(seed)
    numbers = np.random.default_rng(seed)
    fixed = symbol_values or bind(rng, spec)
    cases = []
    for values in [bind(rng, spec) if symbol_values is None else fixed for _ in range(2)] + [
        fixed
    ] * 4:
        inputs = {"i": numbers.integers(FMT.minimum, FMT.maximum + 1, spec.source.tensor_shape())}
        for symbol in spec.symbols:
            port = spec.port(f"i_{symbol.name}").type
            value = np.array([values[symbol.name]])
            if symbol.ragged:
                value = np.zeros(port.tensor_shape(), dtype=np.int64)
                for row, length in enumerate(values[symbol.name]):
                    value[row] = length
            inputs[f"i_{symbol.name}"] = value
        cases.append(Case(inputs=inputs, symbol_values=values))
    print(f"seed {seed}: {spec.source} to {spec.target}, {spec.kind.value}, {fixed}")
    check_kernel(spec, cases, seed=seed)
