# SPDX-License-Identifier: Apache-2.0
"""The plan of a quantized model is plain data, and the same each time."""

import pickle

from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import load
from streamhw.quantization.quantizer import quantize


def test_plain_data() -> None:
    model = load("gpt2-shakespeare")
    one, other = (
        quantize(model, layer_table().quantization).plan,
        quantize(model, layer_table().quantization).plan,
    )
    assert one is not other and one == other and hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one
    assert len(pickle.dumps(one)) < 100_000  # no weights
