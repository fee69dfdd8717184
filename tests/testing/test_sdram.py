# SPDX-License-Identifier: Apache-2.0
"""The SDRAM chip of the benches: what it stores, when words come, and each rule that it checks."""

from dataclasses import replace

import pytest

from streamhw.boards.memory.sdram_part import IS42S16160G_7
from streamhw.testing import SdramChip, SdramInputs, SdramRuleError

CLOCK = 100.0  # MHz: 10 ns a cycle; tRCD and tRP are 2, tRAS 4, tRC and tRFC 6, tWR and tRRD 2
PART = replace(IS42S16160G_7, power_up=50.0, refreshes=2)
CODES = {"mode": 0, "refresh": 1, "precharge": 2, "activate": 3, "write": 4, "read": 5, "stop": 6}
ALL, BURST_8 = 1 << 10, 0x23

UP = [
    (5, "precharge", 0, ALL),
    (7, "refresh", 0, 0),
    (13, "refresh", 0, 0),
    (19, "mode", 0, BURST_8),
]
"""The power-up sequence: edge, command, bank, address."""

Script = list[tuple[int, str, int, int]]


def play(
    script: Script,
    *,
    pins: dict[int, SdramInputs] | None = None,
    until: int = 0,
    part=PART,
    clock: float = CLOCK,
) -> tuple[SdramChip, list[int]]:
    """The chip after a script, and the word on dq at each edge.

    pins: what is at other pins at an edge; words of a write that are not among them are 0
    """
    chip = SdramChip(part, clock)
    pins = pins or {}
    last = max(until, max((edge for edge, *_ in script), default=0) + 1)
    words = [0]
    writing = range(0)
    for edge in range(last):
        inputs = pins.get(edge, SdramInputs(oe=edge in writing))
        for at, name, bank, address in script:
            if at == edge:
                code = CODES[name]
                inputs = inputs._replace(
                    ras_n=code >> 2, cas_n=code >> 1 & 1, we_n=code & 1, ba=bank, a=address
                )
                if name == "write":
                    writing = range(edge, edge + 8)
                    inputs = inputs._replace(oe=1)
        words.append(chip.edge(inputs))
    return chip, words


def test_what_is_written_is_read() -> None:
    """The burst begins in its middle and goes round; bytes that DQM masks stay."""
    words = [0x1111 * (index + 1) for index in range(8)]
    masks = [0, 1, 2, 3, 0, 0, 0, 0]
    pins = {30 + k: SdramInputs(dq=words[k], dqm=masks[k], oe=masks[k] != 3) for k in range(8)}
    script = [(25, "activate", 1, 9), (30, "write", 1, 0x45), (39, "read", 1, 0x40)]
    before, _ = play([*UP])
    chip, seen = play(UP + script, pins=pins, until=60)
    for index, (word, mask) in enumerate(zip(words, masks, strict=True)):
        column = 0x40 + (5 + index) % 8
        old = before.word(1, 9, column)
        keep = 0xFF * (mask & 1) | 0xFF00 * (mask >> 1)
        assert chip.word(1, 9, column) == (word & ~keep) | (old & keep)
        assert seen[39 + 2 + column - 0x40] == chip.word(1, 9, column)
    assert chip.commands == {
        "precharge": 1, "refresh": 2, "mode": 1, "activate": 1, "write": 1, "read": 1,
    }  # fmt: skip


def test_dqm_hides_a_word_two_edges_later() -> None:
    script = [(25, "activate", 0, 0), (30, "read", 0, 0)]
    chip, plain = play(UP + script, until=45)
    _, hidden = play(UP + script, until=45, pins={32: SdramInputs(dqm=2)})
    assert plain[32:40] == [chip.word(0, 0, column) for column in range(8)]
    assert [a == b for a, b in zip(plain[32:40], hidden[32:40], strict=True)] == [
        edge != 34 for edge in range(32, 40)
    ]
    assert hidden[34] & 0xFF == plain[34] & 0xFF


def test_other_bursts_and_latencies() -> None:
    script = [*UP[:3], (19, "mode", 0, 0x31), (25, "activate", 0, 0), (30, "read", 0, 5)]
    chip, words = play(script, until=40)
    assert words[33:35] == [chip.word(0, 0, 5), chip.word(0, 0, 4)]


ROW = [*UP, (25, "activate", 0, 3)]

BROKEN: dict[str, tuple[Script, str]] = {
    "power-up": ([(4, "precharge", 0, ALL)], "power-up must be at least 50 ns"),
    "order": ([(5, "refresh", 0, 0)], "bank 0 must be closed for a refresh"),
    "refreshes": ([*UP[:2], (13, "mode", 0, BURST_8)], "2 refreshes must come before the mode"),
    "no mode": ([*UP[:3], (19, "activate", 0, 0)], "the mode must be set before a row is opened"),
    "mode": ([*UP[:3], (19, "mode", 0, 0x2B)], "mode 0x2b must be of a sequential burst"),
    "single": ([*UP[:3], (19, "mode", 0, 0x223)], "mode 0x223 must be of a sequential burst"),
    "cas": ([*UP[:3], (19, "mode", 0, 0x13)], "CAS latency must be at least 2, not 1"),
    "stop": ([*ROW, (28, "stop", 0, 0)], "bursts must not be stopped"),
    "tMRD": ([*UP, (20, "activate", 0, 0)], "tMRD must be at least 20 ns"),
    "tRFC": ([*UP[:2], (12, "refresh", 0, 0)], "tRFC must be at least 60 ns, not 50"),
    "tRP": ([UP[0], (6, "refresh", 0, 0)], "tRP must be at least 15 ns, not 10"),
    "tRCD": ([*ROW, (26, "read", 0, 0)], "tRCD must be at least 15 ns, not 10"),
    "tRAS": ([*ROW, (28, "precharge", 0, 0)], "tRAS must be at least 37 ns, not 30"),
    "tRRD": ([*ROW, (26, "activate", 1, 0)], "tRRD must be at least 14 ns, not 10"),
    "tRP open": ([*ROW, (30, "precharge", 0, 0), (31, "activate", 0, 1)], "tRP must be at least"),
    "tRC": (
        [*ROW, (29, "precharge", 0, 0), (31, "activate", 0, 1)],
        "tRC must be at least 67 ns, not 60",
    ),
    "tWR": ([*ROW, (27, "write", 0, 0), (35, "precharge", 0, 0)], "tWR must be at least 14 ns"),
    "cut read": ([*ROW, (27, "read", 0, 0), (34, "precharge", 0, ALL)], "the burst must be"),
    "cut": ([*ROW, (27, "read", 0, 0), (34, "read", 0, 8)], "a read must not cut the burst"),
    "open": ([*ROW, (32, "activate", 0, 4)], "bank 0 must be closed to open a row"),
    "closed": ([*ROW, (32, "write", 2, 4)], "bank 2 must have an open row for a write"),
    "row": ([*UP, (25, "activate", 0, 1 << 12)], "row 4096 must exist"),
    "column": ([*ROW, (32, "read", 0, 1 << 9)], "column 0x200 must exist"),
    "a10": ([*ROW, (32, "read", 0, ALL)], "column 0x400 must exist, A10 must be 0"),
    "rest": ([*ROW, (32, "refresh", 0, 0)], "bank 0 must be closed for a refresh"),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_broken_rules(rule: str) -> None:
    script, message = BROKEN[rule]
    part = replace(PART, rows=4096, t_rc=67.0) if rule in ("row", "tRC") else PART
    with pytest.raises(SdramRuleError, match=f"^At edge {script[-1][0]}: .*{message}"):
        play(script, part=part)
    play(script[:-1], part=part, until=script[-1][0])


@pytest.mark.parametrize(
    ("edge", "pins", "message"),
    [
        (28, SdramInputs(cke=0), "CKE must stay 1 once it is"),
        (32, SdramInputs(oe=1), "the controller must not drive dq while the chip does"),
        (40, SdramInputs(oe=1), "the controller must not drive dq while the chip does"),
    ],
)
def test_pins(edge: int, pins: SdramInputs, message: str) -> None:
    """Words of the read are valid at edges 32 to 39, and leave the pins after the last."""
    script = [*ROW, (30, "read", 0, 0)]
    with pytest.raises(SdramRuleError, match=f"^At edge {edge}: {message}$"):
        play(script, pins={edge: pins}, until=50)
    play(script, pins={41: SdramInputs(oe=1)}, until=50)


def test_words_of_a_write_are_driven() -> None:
    script = [*ROW, (30, "write", 0, 0)]
    with pytest.raises(SdramRuleError, match=r"^At edge 33: the controller must drive dq"):
        play(script, pins={33: SdramInputs()}, until=50)
    play(script, pins={33: SdramInputs(dqm=3)}, until=50)


def test_refreshes_may_be_owed_but_not_many() -> None:
    every = round(PART.t_refi / 10)
    late = [(9 * every - 40, "refresh", 0, 0), (10 * every - 40, "refresh", 0, 0)]
    chip, _ = play(UP + late, until=10 * every)
    assert chip.longest_gap == pytest.approx(10 * (9 * every - 40 - 13))
    with pytest.raises(SdramRuleError, match="at most 8 refreshes may be owed"):
        play(UP, until=9 * every + 30)
