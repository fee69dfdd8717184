# SPDX-License-Identifier: Apache-2.0
"""``streamhw run --port``: text from a model on a real board."""

from contextlib import closing
from dataclasses import dataclass

from ..api.build import Build
from ..api.on_board import BoardAnswer, on_board
from ..api.prompt import check_run, read_prompt
from ..bitstream.board_core import parts_of
from ..boards.base import load_board
from ..report.fitted_table import FittedTable, TableColumn
from ..runtime.serial.transport import SerialPort
from .answer_text import AnswerText
from .build import BuildRequest, reuse_or_build, settled
from .finished import finished_build
from .records.answers import RunRecord, TokenRecord
from .show import Console, progress

__all__ = ["BoardRequest", "run_on_board"]


@dataclass(frozen=True, kw_only=True)
class BoardRequest:
    """What the user typed: port is a serial port of this machine, all else as of ``RunRequest``."""

    build: BuildRequest
    port: str
    prompt: str
    tokens: int
    chat: bool = False


def run_on_board(request: BoardRequest, console: Console) -> BoardAnswer:
    """Takes, makes or reuses the build, loads its image, prints the text as it comes, then a table.

    Raises ``UserError`` for a prompt that does not fit or a port that does not open,
    ``DeviceError`` if the board does not answer or has another design.
    """
    built = finished_build(request.build, console)
    wanted = settled(request.build) if built is None else request.build
    parts = parts_of(load_board(wanted.board) if built is None else built.board)
    model = wanted.load() if built is None else built.model
    prompt = read_prompt(request.prompt, model, chat=request.chat)
    check_run(prompt.tokens, request.tokens, 0.0, model.graph)
    with closing(SerialPort(request.port, baud=parts.baud)) as port:
        if built is None:
            built = reuse_or_build(wanted, console)
        with progress(console) as shown:
            text = AnswerText(console, shown)
            task = shown.add_task("load the memory image", total=None, detail="")
            printed = 0

            def on_load(done: int, total: int) -> None:
                detail = f"{done:,} of {total:,} bytes"
                shown.update(task, completed=done, total=total, detail=detail)

            def on_token(answer: BoardAnswer) -> None:
                nonlocal printed
                said = answer.said[printed:]
                text.add(said)
                printed = len(answer.said)
                count, last = len(answer.tokens), answer.tokens[-1]
                console.tell(
                    TokenRecord(number=count - 1, token=last.token, text=said, cycles=last.cycles)
                )
                detail = f"{count} tokens, {count / max(answer.seconds, 1e-9):,.1f} a second"
                shown.update(
                    task, description="run", completed=count, total=request.tokens, detail=detail
                )

            text.prompt(prompt.text)
            answer = on_board(
                built, prompt, request.tokens, port, on_load=on_load, on_token=on_token
            )
            text.add(answer.said[printed:])
            text.end()
    console.tell(_record(answer, len(prompt.tokens), built))
    console.print(_table(answer, built))
    return answer


def _record(answer: BoardAnswer, prompt: int, built: Build) -> RunRecord:
    return RunRecord(
        how="board",
        model=built.model.name,
        board=built.board.name,
        clock_mhz=built.board.clock_mhz,
        prompt_tokens=prompt,
        answer_tokens=len(answer.tokens),
        text=answer.said,
        prompt_cycles=float(answer.prompt_cycles),
        token_cycles=answer.token_cycles,
        seconds=answer.seconds,
        simulated_cycles=None,
        read_bytes=answer.read_bytes,
        write_bytes=answer.write_bytes,
        memory=None,
        channels={},
        predicted_cycles=None,
        checked_beats=None,
    )


def _table(answer: BoardAnswer, built: Build) -> FittedTable:
    per_ms = built.board.clock_mhz * 1e3
    count, link = len(answer.tokens), answer.link
    table = FittedTable(
        [TableColumn("", running=True), TableColumn("", number=True, running=True)],
        title=f"{built.model.name} on {built.board.title}",
    )
    for row in (
        ("first token", f"{answer.prompt_cycles:,} cycles, {answer.prompt_cycles / per_ms:.3f} ms"),
        (
            "each further token",
            f"{answer.token_cycles:,.0f} cycles, {answer.token_cycles / per_ms:.3f} ms",
        ),
        (
            "answer, seen by the host",
            f"{count} tokens in {answer.seconds:.2f} s, "
            f"{count / max(answer.seconds, 1e-9):,.1f} a second",
        ),
        ("memory read", f"{answer.read_bytes:,} bytes"),
        ("memory written", f"{answer.write_bytes:,} bytes"),
        ("memory image", f"{answer.sent:,} bytes sent in {answer.loading:.1f} s"),
        ("requests", f"{link.requests:,}, {link.repeats:,} of them repeated"),
    ):
        table.add_row(*row)
    return table
