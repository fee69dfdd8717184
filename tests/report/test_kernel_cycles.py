# SPDX-License-Identifier: Apache-2.0
"""Cycles of kernels: each is counted once, as what its streams say in an open invocation."""

import numpy as np

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.report.kernel_cycles import KernelCycles, kernel_cycles
from streamhw.report.observed_step import ObservedStep
from streamhw.sim.library import Doing

POSITION, CYCLES = 9, 400


def counted(
    design: PlacedNetlist,
    kernel: str,
    doing: dict[int, int],
    *,
    taken: dict[str, list[int]] | None = None,
    given: dict[str, list[int]] | None = None,
) -> KernelCycles:
    """Of a kernel that begins to do something in these cycles."""
    changes = np.array(list(doing), dtype=np.int64), np.array(list(doing.values()), dtype=np.int64)
    step = ObservedStep(
        cycles=CYCLES,
        traffic={},
        taken=taken or {},
        given=given or {},
        changes={kernel: changes},
    )
    (found,) = kernel_cycles(design, POSITION, step)
    assert found.cycles == CYCLES
    return found


def beats(design: PlacedNetlist, first: int, second: int) -> list[int]:
    """One a cycle of each of two layers, of a norm."""
    count = design.instance("norm_1").port("i").type.beats({"tokens": 1})
    return [*range(first, first + count), *range(second, second + count)]


def test_an_invocation_is_from_its_first_beat_to_its_last(design: PlacedNetlist) -> None:
    """The norm lacks input before it has all of it; then it computes, whatever it asks for."""
    count = len(beats(design, 0, 0)) // 2
    taken, given = beats(design, 10, 200), beats(design, 60, 250)
    taken[count - 1] += 20
    doing = {
        0: Doing.LACKS_INPUT,
        10: Doing.MOVES,
        9 + count: Doing.LACKS_INPUT,
        29 + count: Doing.MOVES,
        30 + count: Doing.LACKS_INPUT,
        60: Doing.MOVES,
        60 + count: Doing.LACKS_INPUT,
        200: Doing.MOVES,
        200 + count: Doing.LACKS_INPUT,
        250: Doing.MOVES,
        250 + count: Doing.LACKS_INPUT,
    }
    streams = {"taken": {"norm_1_i": taken}, "given": {_given(design, "norm_1"): given}}
    found = counted(design, "norm_1", {c: int(d) for c, d in doing.items()}, **streams)
    assert found.input == 20
    assert found.works == (60 + count - 10 - 20) + (250 + count - 200)
    assert (found.room, found.memory) == (0, 0)


def test_what_comes_first_of_several(design: PlacedNetlist) -> None:
    """No room before no input, and no input before no memory; nothing of both is computing."""
    count = len(beats(design, 0, 0)) // 2
    taken, given = beats(design, 0, 300), beats(design, 100, 350)
    taken[count - 1] = 90
    doing = {
        0: Doing.MOVES,
        10: Doing.LACKS_INPUT | Doing.LACKS_MEMORY | Doing.LACKS_ROOM,
        20: Doing.LACKS_INPUT | Doing.LACKS_MEMORY,
        50: Doing.LACKS_MEMORY,
        70: Doing(0),
        91: Doing.LACKS_INPUT | Doing.LACKS_MEMORY,
        95: Doing.MOVES,
        350 + count: Doing.LACKS_MEMORY,
    }
    streams = {"taken": {"norm_1_i": taken}, "given": {_given(design, "norm_1"): given}}
    found = counted(design, "norm_1", {c: int(d) for c, d in doing.items()}, **streams)
    assert (found.room, found.input, found.memory) == (10, 30, 20 + 4)
    assert found.idle == CYCLES - (350 + count)


def test_a_reader_begins_with_its_command(design: PlacedNetlist) -> None:
    (keys,) = (c for c in design.channels if c.name == "attention_scores_i_k")
    length = next(
        n for n in range(POSITION, 33)
        if keys.consumed.beats({"tokens": 1, "length": n})
        >= keys.consumed.beats({"tokens": 1, "length": POSITION + 1})
    )  # fmt: skip
    count = keys.consumed.beats({"tokens": 1, "length": length})
    given = [*range(80, 80 + count), *range(250, 250 + count)]
    doing = {0: int(Doing.LACKS_MEMORY), 80: int(Doing.MOVES), 80 + count: int(Doing.LACKS_MEMORY)}
    command = "attention_key_read_dma_i_command"
    found = counted(
        design, "attention_key_read", doing, given={keys.name: given, command: [30, 31, 240]}
    )
    assert (found.works, found.memory) == (count, 50 + (250 + count - 240))


def test_a_writer_ends_with_the_answer(design: PlacedNetlist) -> None:
    (values,) = (c for c in design.channels if c.name == "attention_key_append_i")
    count = values.consumed.beats({"tokens": 1})
    taken = [*range(20, 20 + count), *range(200, 200 + count)]
    doing = {0: int(Doing.LACKS_INPUT | Doing.LACKS_MEMORY)}
    done = "attention_key_append_i_done"
    found = counted(
        design, "attention_key_append", doing, taken={values.name: taken, done: [60, 61, 290]}
    )
    assert (found.input, found.memory) == (2 * count, 61 - 19 - count + 290 - 199 - count)


def test_nothing_is_known_of_a_kernel_at_rest(design: PlacedNetlist) -> None:
    found = counted(design, "norm_2", {})
    assert found.idle == CYCLES and found.share(found.idle) == 1


def _given(design: PlacedNetlist, kernel: str) -> str:
    (channel,) = design.out_of(kernel)
    return channel.name
