# SPDX-License-Identifier: Apache-2.0
"""Details of boxes: cells, times, what a profile saw, errors of the values they make, streams."""

from streamhw.reference.rounding_error import RoundingError
from streamhw.report.facts import Facts, PartKind
from streamhw.report.html.about_part import about_part
from streamhw.report.summary import Summary
from tests.report.html.elements import Checker, read
from tests.report.profiles import kernel, profile

ERRORS = [RoundingError(value="qkv", layer=n, own=0.01 * (n + 1), whole=0.2) for n in range(2)]


def found(facts: Facts, summary: Summary, name: str, part: str) -> Checker:
    the_part = facts.part(part)
    assert the_part is not None
    made = profile(kernel("matmul_w8", 600, kind=PartKind.ENGINE))
    return read(about_part(name, the_part, facts, summary, made, ERRORS))


def test_a_product_of_a_shared_engine(facts: Facts, summary: Summary) -> None:
    seen = found(facts, summary, "qkv", "matmul_w8")
    words = " ".join(seen.text)
    assert "shared engine: Matmul" in words and "of the step" in words
    row = next(row for row in summary.kernels if row.name == "matmul_w8")
    assert f"{row.macs:,} a cycle" in words and f"{row.cells.luts:,} LUT" in words
    assert "works 60.0%" in words
    assert "Error by layer" in words and "1.00%" in words and "2.00%" in words
    takes = [a["data-open"] for _, a in seen.seen if "data-open" in a]
    assert "edge matmul_w8_i_x_qkv" in takes and "edge matmul_w8_i_x_hidden" not in takes


def test_a_kernel_at_memory(facts: Facts, summary: Summary) -> None:
    words = " ".join(found(facts, summary, "attention_key_read", "attention_key_read").text)
    (port,) = facts.ports
    assert port in words and "Error by layer" not in words and "works" not in words


def test_a_converter(facts: Facts, summary: Summary) -> None:
    name = "residual_1_i_b_convert"
    words = " ".join(found(facts, summary, name, name).text)
    assert "6,144 bits" in words and "4,128 bits, the peak live elements" in words
    assert "Takes" in words and "Gives" in words
