# SPDX-License-Identifier: Apache-2.0
"""The kernel around a whole design: its pins, and answers through them as XRT asks for them."""

import re
from dataclasses import replace

import pytest

from streamhw.api.build import Build
from streamhw.compiler.backend.conversion import converted
from streamhw.compiler.layers.table import layer_table
from streamhw.errors import UserError
from streamhw.reference.integer_model import IntegerModel
from streamhw.testing import run_cocotb
from streamhw.vitis.kernel_shell import KERNEL, KernelShell, check_context, shell_verilog
from tests.vitis.watched_shell import WatchedShell

CASES = (([5, 9, 33], 2, 0.0), ([40, 1], 1, 0.4))


def test_answers_through_the_pins(card: Build, seed: int) -> None:
    model = IntegerModel(card.quantized, layer_table().reference)
    shell = converted(WatchedShell(card.manifest), "watched")
    assert card.board.card is not None
    run_cocotb(
        shell + card.verilog.read_text(),
        top="watched",
        module="tests.vitis.shell_bench",
        stimulus={
            "seed": seed,
            "build": str(card.folder),
            "banks": card.board.card.banks,
            "cases": [
                {"prompt": prompt, "pause": pause, "expected": list(model.generate(prompt, count))}
                for prompt, count, pause in CASES
            ],
        },
    )


def test_every_pin_is_of_an_interface(card: Build) -> None:
    """Vitis refuses pins that are of none; it finds interfaces by the names of their pins."""
    text = shell_verilog(card.manifest)
    body = text[text.index(f"module {KERNEL}(") :]
    body = body[: body.index("endmodule")]
    found = re.findall(r"^\s*(?:input|output)\s+(?:\[(\d+):0\]\s+)?(\w+)\s*;", body, re.M)
    widths = {name: int(high or 0) + 1 for high, name in found}
    masters = [port.name for port in card.manifest.ports]
    prefixes = ("s_axi_control", *masters)
    assert {n for n in widths if not n.startswith(prefixes)} == {"ap_clk", "ap_rst_n"}
    assert widths["s_axi_control_awaddr"] == 16
    for name in masters:
        assert {widths[f"{name}_{channel}addr"] for channel in ("ar", "aw")} == {64}
        assert widths[f"{name}_rdata"] == widths[f"{name}_wdata"] == 128
        assert not [
            pin for pin in widths if re.fullmatch(rf"{name}_\w+id", pin) and "valid" not in pin
        ]
    assert re.findall(r"^module (?:top|build_identity)\b", text, re.M) == []


@pytest.mark.parametrize(("context", "fits"), [(2, True), (8192, True), (8193, False)])
def test_windows_of_64_kib(context: int, fits: bool) -> None:
    if fits:
        check_context(context)
        return
    with pytest.raises(UserError, match=r"at most 8192 tokens for a Vitis kernel.* not 8193"):
        check_context(context)


def test_ports_that_begin_within_a_page(card: Build) -> None:
    first, *others = card.manifest.ports
    wrong = replace(card.manifest, ports=(replace(first, address=0x800), *others))
    with pytest.raises(
        ValueError, match=r"m_axi_mem0 must begin at a multiple of 4 KiB, not 0x800"
    ):
        KernelShell(wrong)
