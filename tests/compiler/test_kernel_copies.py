# SPDX-License-Identifier: Apache-2.0
"""A copy of a kernel under another name gives the same design: names reach no decision."""

import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from streamhw import kernels
from streamhw.boards.base import load_board
from streamhw.compiler import layers
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.stream.spec import KernelSpec
from tests.tiny import TINY_GEMMA, tiny_decoder, write_tiny

CONFIG = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)

Compile = Callable[[], PlacedNetlist]


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(found.name)


def kernel_specs() -> list[type[KernelSpec]]:
    """All concrete kernels of the package."""
    return [
        value
        for module in modules_of(kernels)
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, KernelSpec)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]


def copied(spec: type[KernelSpec], folder: Path) -> type[KernelSpec]:
    """The class from the same source text, in another module and under another name."""
    name, module = f"Other{spec.__name__}", f"{spec.__module__}_copy"
    file = folder / f"{module}.py"
    file.write_text(re.sub(rf"\b{spec.__name__}\b", name, inspect.getsource(_module(spec))))
    found = importlib.util.spec_from_file_location(module, file)
    assert found is not None and found.loader is not None
    loaded = sys.modules[module] = importlib.util.module_from_spec(found)
    found.loader.exec_module(loaded)
    copy = getattr(loaded, name)
    assert issubclass(copy, KernelSpec) and copy is not spec
    return copy


def _module(spec: type[KernelSpec]) -> ModuleType:
    return sys.modules[spec.__module__]


def put_in_place(patch: pytest.MonkeyPatch, spec: type[KernelSpec], copy: type[KernelSpec]) -> None:
    """Lowering places the copy; every other module still knows the original."""
    replaced = 0
    for module in modules_of(layers):
        for name, value in list(vars(module).items()):
            if value is spec:
                patch.setattr(module, name, copy)
            elif isinstance(value, ModuleType) and getattr(value, spec.__name__, None) is spec:
                patch.setattr(module, name, SimpleNamespace(**vars(value) | {spec.__name__: copy}))
            else:
                continue
            replaced += 1
    assert replaced, f"no lowering rule names {spec.__name__}"


@pytest.fixture(scope="module")
def compiles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Compile]:
    """A model of each family, one with streams that go through memory, one with a narrow cache."""
    folder = tmp_path_factory.mktemp("models")
    sim = load_board("sim")
    narrow = replace(sim, ports=tuple(replace(port, width=128) for port in sim.ports))
    gpt2 = load(str(write_tiny(folder / "tiny", vocabulary=60)))
    wide = load(str(write_tiny(folder / "wide", features=64, hidden=128)))
    gemma = tiny_decoder(TINY_GEMMA)
    bits = compile_model(wide, narrow, CONFIG).fused.bits * 6 // 10
    cached = replace(CONFIG.quantization, cache_bits=4)
    return {
        "gpt2": lambda: compile_model(gpt2, sim, CONFIG),
        "gemma": lambda: compile_model(gemma, sim, CONFIG),
        "spilled": lambda: compile_model(wide, narrow, replace(CONFIG, on_chip_bits=bits)),
        "cache of 4 bits": lambda: compile_model(gpt2, sim, replace(CONFIG, quantization=cached)),
    }


@pytest.fixture(scope="module")
def originals(compiles: dict[str, Compile]) -> dict[str, tuple[PlacedNetlist, str]]:
    """Each model's design and Verilog."""
    designs = {name: compile() for name, compile in compiles.items()}
    return {name: (design, emit(design).verilog) for name, design in designs.items()}


def cycles(design: PlacedNetlist) -> tuple[float, ...]:
    answer = Estimate.placed(design).answer(7, 12)
    return (answer.prompt, *answer.tokens)


@pytest.mark.parametrize("spec", kernel_specs(), ids=lambda spec: spec.__name__)
def test_a_copy_gives_the_same_design(
    spec: type[KernelSpec],
    compiles: dict[str, Compile],
    originals: dict[str, tuple[PlacedNetlist, str]],
    tmp_path: Path,
) -> None:
    model, design, text = next(
        (name, design, text)
        for name, (design, text) in originals.items()
        if any(type(i.part) is spec for i in design.instances)
    )
    copy = copied(spec, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        put_in_place(patch, spec, copy)
        other = compiles[model]()
    parts = {type(i.part) for i in other.instances}
    assert copy in parts and spec not in parts
    assert other.queues == design.queues
    assert other.depths.ahead == design.depths.ahead
    assert cycles(other) == cycles(design)
    assert emit(other).verilog == text
