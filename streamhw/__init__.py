# SPDX-License-Identifier: Apache-2.0
"""streamhw: compiles a language model into a stream-dataflow accelerator in plain Verilog.

    import streamhw

    model = streamhw.load("gpt2-shakespeare")
    built = streamhw.build(model, "sim")
    answer = streamhw.simulate(built, "ROMEO.", tokens=8)
    print(answer.text, answer.token_cycles)

Names are imported when they are first used, so that importing the package takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .api.answer import Answer
    from .api.build import Build, build
    from .api.compile import compile
    from .api.doctor import doctor
    from .api.evaluate import evaluate
    from .api.explore import explore
    from .api.load_build import load_build
    from .api.profile import profile
    from .api.simulate import simulate
    from .boards.base import Board
    from .compiler.config import BuildConfig
    from .compiler.layers.layer import Layer
    from .frontend import Model, load
    from .quantization.config import QuantConfig
    from .stream.spec import KernelSpec

__all__ = [
    "Answer",
    "Board",
    "Build",
    "BuildConfig",
    "KernelSpec",
    "Layer",
    "Model",
    "QuantConfig",
    "__version__",
    "build",
    "compile",
    "doctor",
    "evaluate",
    "explore",
    "load",
    "load_build",
    "profile",
    "simulate",
]

_HOMES = {
    "Answer": "api.answer",
    "Board": "boards.base",
    "Build": "api.build",
    "BuildConfig": "compiler.config",
    "KernelSpec": "stream.spec",
    "Layer": "compiler.layers.layer",
    "Model": "frontend",
    "QuantConfig": "quantization.config",
    "build": "api.build",
    "compile": "api.compile",
    "doctor": "api.doctor",
    "evaluate": "api.evaluate",
    "explore": "api.explore",
    "load": "frontend",
    "load_build": "api.load_build",
    "profile": "api.profile",
    "simulate": "api.simulate",
}
"""The module that each public name is in."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
