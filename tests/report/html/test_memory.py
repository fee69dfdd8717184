# SPDX-License-Identifier: Apache-2.0
"""External memory: regions to scale, parameters in order, clients of every port."""

from dataclasses import replace

from streamhw.report.facts import Facts
from streamhw.report.html.memory import memory, names_of_ports
from streamhw.report.measured import ChannelUse, Measured
from tests.report.html.elements import read


def test_regions_parameters_and_clients(facts: Facts) -> None:
    found = read(memory(facts))
    words = " ".join(found.text)
    assert all(region.name in words for region in facts.regions)
    assert all(f"{run.bytes:,}" in words for run in facts.parameters)
    assert "attention_key_read" in words and "nobody" not in words
    widths = [float(a["width"] or 0) for name, a in found.seen if name == "rect"]
    assert sum(widths) <= 1160 + len(widths)


def test_windows_of_layers(facts: Facts) -> None:
    assert "A token reads keys" not in " ".join(read(memory(facts)).text)
    words = " ".join(read(memory(replace(facts, windows=(8, 8, 1024)))).text)
    assert (
        "A token reads keys and values of 8 positions (layers: 2), of 1,024 positions (layers: 1)."
    ) in words


def test_ports_that_are_alike_have_one_row(facts: Facts) -> None:
    (port,) = facts.ports
    names = [f"{port}{n}" for n in range(4)]
    striped = replace(
        facts,
        ports=dict.fromkeys(names, facts.ports[port]),
        clients=dict.fromkeys(names[:3], facts.clients[port]) | {names[3]: ()},
    )
    words = " ".join(read(memory(striped)).text)
    assert words.count(", ".join(facts.clients[port])) == 1 and words.count("nobody") == 1
    assert f"{names[0]} to {names[2]}, 3 ports" in words and names[3] in words


def test_names_of_ports() -> None:
    assert names_of_ports(["a"]) == "a" and names_of_ports(["a", "b"]) == "a, b"
    assert names_of_ports(["a", "b", "c"]) == "a to c, 3 ports"


def test_what_a_run_used(facts: Facts) -> None:
    use = ChannelUse(read_bytes=4321, write_bytes=21, peak=0.25, busy=0.5, row_misses=7)
    measured = Measured(prompt=1, token_cycles=(9,), memory="hbm2", channels={"mem": use})
    words = " ".join(read(memory(facts, measured)).text)
    assert "4,321" in words and "25.0%" in words and "Model hbm2" in words
