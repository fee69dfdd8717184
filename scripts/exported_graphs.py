# SPDX-License-Identifier: Apache-2.0
"""Stores real programs of torch.export as text, so that tests raise them without torch.

Usage: python scripts/exported_graphs.py (in an environment with torch and transformers)

Writes tests/frontend/exported/graphs.json: for each program the calls that depend on tokens, what
they read that does not, and the names and shapes of trained tensors, whose values are those of
``values_of`` in scripts/family_logits.py; for plain decoders the logits, too.
"""

import json
import sys
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.family_logits import CASES, TOKENS, values_of
from streamhw.frontend.exported.call import Call, Reference
from streamhw.frontend.exported.constant import Constant
from streamhw.frontend.exported.raising.interpreter import IGNORED, interpret
from streamhw.frontend.exported.torch_program import TorchProgram

__all__ = ["main"]

FILE = Path(__file__).parents[1] / "tests" / "frontend" / "exported" / "graphs.json"
STORED = (
    ("gpt2", "sdpa", {}),
    ("llama3_of_transformers_4", "sdpa", {}),
    ("qwen2", "eager", {}),
    ("gemma3_of_transformers_4", "sdpa", {"sliding_window": 3}),
)
"""Cases of family_logits.py, the kind of attention, and other values of the configuration."""
ROWS = 5


@dataclass(frozen=True, eq=False)
class Recorded(TorchProgram):
    """Remembers what was computed without tokens."""

    computed: dict[str, object] = field(default_factory=dict)

    def evaluate(self, call: Call, arguments: tuple[object, ...]) -> object:
        value = self.computed[call.name] = super().evaluate(call, arguments)
        return value


def stored(program: Any) -> dict[str, Any]:
    """A program as plain data."""
    recorded = Recorded(program, "stored")
    rows = recorded.least_rows
    interpret(recorded, rows)
    constants = {**recorded.constants(rows), **recorded.computed}
    kept: dict[str, Any] = {}

    def argument(value: Any) -> Any:
        if isinstance(value, Reference):
            constant = constants.get(value.name)
            if isinstance(constant, Constant):
                kept[value.name] = described(constant)
            elif value.name in constants:
                return constant
            return {"value": value.name}
        return [argument(part) for part in value] if isinstance(value, tuple) else value

    calls = [
        {"name": call.name, "op": call.op, "arguments": argument(call.arguments),
         "place": call.place}
        for call in recorded.calls
        if call.name not in constants and call.op not in IGNORED
    ]  # fmt: skip
    return {
        "tokens": recorded.tokens,
        "token_shape": recorded.token_shape,
        "rows": rows,
        "result": recorded.result,
        "constants": kept,
        "calls": calls,
    }


def described(constant: Constant) -> dict[str, Any]:
    """A trained tensor by name; of others the values."""
    known: dict[str, Any] = {"names": constant.names, "shape": constant.shape}
    if constant.whole or constant.transposed:
        return known | {"transposed": constant.transposed}
    values = np.asarray(constant.values)
    kind = "bool" if values.dtype == np.bool_ else "complex" if np.iscomplexobj(values) else "float"
    if kind == "complex":
        values = np.stack([values.real, values.imag], -1)
    flat = [int(x) if kind == "bool" else float(f"{x:.9g}") for x in values.reshape(-1)]
    return known | {"kind": kind, "flat": flat}


def main() -> int:
    import torch
    import transformers

    from tests.frontend.exported.decoders import DECODERS

    found = {}
    tokens = torch.tensor([TOKENS[:ROWS]])
    for case, attention, changes in STORED:
        values = CASES[case] | changes
        config = transformers.AutoConfig.for_model(**deepcopy(values))
        config.use_cache, config._attn_implementation = False, attention
        module = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        found[case] = stored(_exported(module, {"input_ids": tokens, "use_cache": False}))
        found[case]["config"] = values
    for name, kind in DECODERS.items():
        module = kind().eval()
        found[name] = stored(_exported(module, {"ids": tokens}))
        with torch.no_grad():
            logits = module(tokens)[0, -1]
        found[name]["logits"] = [float(f"{x:.7g}") for x in logits]
    text = json.dumps({"torch": torch.__version__, "tokens": TOKENS[:ROWS], "programs": found})
    # One line a call, so that a change shows where it is.
    FILE.write_text(text.replace('}, {"name', '},\n{"name').replace('}, "', '},\n"') + "\n")
    print(f"{len(found)} programs in {FILE}")
    return 0


def _exported(module: Any, arguments: dict[str, Any]) -> Any:
    """The program of a module whose trained tensors have the values of their names."""
    import torch

    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.from_numpy(values_of(name, tuple(parameter.shape))))
    return torch.export.export(module, (), arguments)


if __name__ == "__main__":
    raise SystemExit(main())
