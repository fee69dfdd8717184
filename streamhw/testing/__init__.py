# SPDX-License-Identifier: Apache-2.0
"""What authors of kernels test with: the bench that streamhw's own kernels pass.

    from streamhw.testing import Case, check_kernel

    check_kernel(spec, [Case(inputs={"i": tensor}, symbol_values={"tokens": 3})])

``check_kernel`` compares hardware and ``spec.compute`` bit for bit in Icarus or Verilator, under
every pattern of stalls, and the cycles with ``spec.timing``. ``run_streams`` drives a component in
the Python simulator. ``prove`` checks assertions for all inputs over some cycles, ``prove_always``
over any number. ``SdramChip`` is a chip for
controllers of memory, and ``streamhw.testing.board`` a whole board. cocotb is needed only by those
that simulate Verilog: ``pip install streamhw[test]``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checkout import check_checkout
    from .cocotb_run import BenchError, run_cocotb, simulator
    from .formal import ProofError, prove, prove_always
    from .kernel_bench import SCENARIOS, Case, beats_of, check_kernel
    from .pysim import PATTERNS, StreamRuleError, StreamRun, run_streams
    from .sdram import SdramChip, SdramInputs, SdramRuleError, sdram_bench

__all__ = [
    "PATTERNS",
    "SCENARIOS",
    "BenchError",
    "Case",
    "ProofError",
    "SdramChip",
    "SdramInputs",
    "SdramRuleError",
    "StreamRuleError",
    "StreamRun",
    "beats_of",
    "check_checkout",
    "check_kernel",
    "prove",
    "prove_always",
    "run_cocotb",
    "run_streams",
    "sdram_bench",
    "simulator",
]

# Imported when used: the benches inside a simulator need only their own module of this package.
_HOMES = {
    "checkout": ("check_checkout",),
    "cocotb_run": ("BenchError", "run_cocotb", "simulator"),
    "kernel_bench": ("SCENARIOS", "Case", "beats_of", "check_kernel"),
    "pysim": ("PATTERNS", "StreamRuleError", "StreamRun", "run_streams"),
    "formal": ("ProofError", "prove", "prove_always"),
    "sdram": ("SdramChip", "SdramInputs", "SdramRuleError", "sdram_bench"),
}
"""The public names of each module."""


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
