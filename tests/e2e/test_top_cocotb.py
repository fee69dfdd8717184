# SPDX-License-Identifier: Apache-2.0
"""The emitted top of a tiny model between bus models that are not ours."""

from pathlib import Path

import numpy as np

from streamhw.boards.base import load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.backend.image import design_image
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.quantizer import quantize
from streamhw.reference.integer_model import IntegerModel
from streamhw.testing import run_cocotb
from tests.tiny import write_tiny

CASES = (
    # Without pauses; with them and a prompt of odd length; a second short answer after a longer
    # one, which must not see the cache of the first.
    ([5, 9, 33], 3, 0.0),
    ([60, 1, 2, 3, 17], 2, 0.4),
    ([7], 2, 0.2),
)


def test_tokens_through_cocotbext_axi(tmp_path: Path) -> None:
    config = BuildConfig(quantization=QuantConfig(weight_bits=8), multipliers=32, token_batch=2)
    model = load(write_tiny(tmp_path / "tiny"))
    quantized = quantize(model, layer_table().quantization, config.quantization)
    design = compile_model(quantized, load_board("sim"), config)
    emitted = emit(design)
    stored = np.concatenate(list(design_image(design, quantized)))
    stored.tofile(tmp_path / "memory.bin")
    run_cocotb(
        emitted.verilog,
        top="top",
        module="streamhw.testing.top_bench",
        stimulus={
            "seed": 7,
            "base": 0x10000,
            "size": 1 << 20,
            "image": str(tmp_path / "memory.bin"),
            "ports": [port.name for port in emitted.manifest.ports],
            "build": emitted.manifest.build,
            "window": emitted.manifest.window,
            "cases": [
                {
                    "prompt": prompt,
                    "pause": pause,
                    "expected": list(
                        IntegerModel(quantized, layer_table().reference).generate(prompt, count)
                    ),
                }
                for prompt, count, pause in CASES
            ],
        },
    )
