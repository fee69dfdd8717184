# SPDX-License-Identifier: Apache-2.0
"""``streamhw run --fast``: the integers that the hardware gives, without the hardware.

Tokens come from the integer reference; cycles are predicted by the cost model and say so.
"""

import time
from dataclasses import dataclass, field

from ..api import compile as api_compile
from ..api.prompt import check_run, read_prompt
from ..boards.base import Board, load_board
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.layers.table import layer_table
from ..compiler.performance.estimate import Estimate, PredictedAnswer
from ..compiler.pipeline import STAGES, quantize_for
from ..frontend import Model, Origin
from ..quantization.quantized_model import QuantizedModel
from ..reference.integer_model import IntegerModel
from ..report.fitted_table import FittedTable, TableColumn
from .answer_text import AnswerText
from .build import BuildRequest, request_with_bits, settled, stage_shower
from .finished import finished_build
from .records.answers import RunRecord, TokenRecord
from .show import Console, progress

__all__ = ["FastAnswer", "FastRequest", "compiled", "prepared", "run_fast"]


@dataclass(frozen=True, kw_only=True)
class FastRequest:
    """What the user typed, as of ``RunRequest``."""

    build: BuildRequest
    prompt: str
    tokens: int
    chat: bool = False


@dataclass(kw_only=True)
class FastAnswer:
    """Tokens of the integer reference, with cycles that are predicted."""

    prompt: list[int]
    tokens: list[int] = field(default_factory=list)
    seconds: float = 0.0
    predicted: PredictedAnswer | None = None


def run_fast(request: FastRequest, console: Console) -> FastAnswer:
    """Takes a design or compiles one in memory, prints the text as it comes, then a table.

    Raises ``UserError`` for a prompt that does not fit, ``BuildError`` as ``build`` does.
    """
    built = finished_build(request.build, console, told=False)
    wanted = settled(request.build) if built is None else request.build
    model, board = (
        (wanted.load(), load_board(wanted.board)) if built is None else (built.model, built.board)
    )
    asked = read_prompt(request.prompt, model, chat=request.chat)
    prompt, stream = asked.tokens, asked.stream()
    check_run(prompt, request.tokens, 0.0, model.graph)
    if built is None:
        wanted = request_with_bits(wanted, model, board, console)
        quantized = quantize_for(model, board, wanted.config)
        design = compiled(wanted, quantized, board, console)
    else:
        quantized, design = built.quantized, built.netlist
    golden = prepared(quantized, console)
    answer = FastAnswer(prompt=prompt)
    with progress(console) as shown:
        text = AnswerText(console, shown)
        text.prompt(asked.text)
        task = shown.add_task("compute", total=request.tokens, detail="")
        said: list[str] = []
        begin = time.perf_counter()
        for token in golden.generate(prompt, request.tokens, ends=model.end_tokens):
            answer.tokens.append(token)
            answer.seconds = time.perf_counter() - begin
            piece = stream.feed(token)
            text.add(piece)
            said.append(piece)
            count = len(answer.tokens)
            console.tell(TokenRecord(number=count - 1, token=token, text=piece, cycles=None))
            detail = f"{count} tokens, {count / answer.seconds:,.1f} a second"
            shown.update(task, completed=count, detail=detail)
        said.append(stream.end())
        text.add(said[-1])
        text.end()
    total = len(prompt) + len(answer.tokens)
    answer.predicted = Estimate.placed(design).answer(len(prompt), total)
    console.tell(_record(answer, answer.predicted, "".join(said), model, board))
    console.print(_table(answer, answer.predicted, model, board))
    return answer


def compiled(
    request: BuildRequest, quantized: QuantizedModel, board: Board, console: Console
) -> PlacedNetlist:
    """The design of a request, with progress; nothing is written."""
    with progress(console) as shown:
        task = shown.add_task("compile", total=len(STAGES), detail=STAGES[0].says)
        design = api_compile.compile(
            quantized,
            board,
            request.config,
            decisions=request.decided,
            on_stage=stage_shower(shown, task, []),
        )
    assert isinstance(design, PlacedNetlist)
    return design


def prepared(quantized: QuantizedModel, console: Console) -> IntegerModel:
    """The integer reference with all weights unpacked, with progress."""
    golden = IntegerModel(quantized, layer_table().reference)
    with progress(console) as shown:
        task = shown.add_task("unpack weights", total=None, detail="")

        def on_node(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        golden.prepare(on_node)
    return golden


def _each(predicted: PredictedAnswer) -> float:
    """Mean cycles of a token after the first; 0 if there is none."""
    return sum(predicted.tokens) / len(predicted.tokens) if predicted.tokens else 0.0


def _record(
    answer: FastAnswer, predicted: PredictedAnswer, said: str, model: Model, board: Board
) -> RunRecord:
    return RunRecord(
        how="predicted",
        model=model.name,
        board=board.name,
        clock_mhz=board.clock_mhz,
        prompt_tokens=len(answer.prompt),
        answer_tokens=len(answer.tokens),
        text=said,
        prompt_cycles=predicted.prompt,
        token_cycles=_each(predicted),
        seconds=answer.seconds,
        simulated_cycles=None,
        read_bytes=None,
        write_bytes=None,
        memory=None,
        channels={},
        predicted_cycles=predicted.prompt + sum(predicted.tokens),
        checked_beats=None,
    )


def _table(
    answer: FastAnswer, predicted: PredictedAnswer, model: Model, board: Board
) -> FittedTable:
    origin = ", seeded random weights" if model.origin is Origin.RANDOM else ""
    table = FittedTable(
        [TableColumn("", running=True), TableColumn("", number=True, running=True)],
        title=f"{model.name}{origin}, by the integer reference; nothing was simulated",
    )
    each = _each(predicted)
    per_ms = board.clock_mhz * 1e3
    speed = len(answer.tokens) / max(answer.seconds, 1e-9)
    rows: list[tuple[str, str]] = [
        ("prompt, predicted", f"{predicted.prompt:,.0f} cycles to the first new token"),
        ("answer, predicted", f"{each:,.0f} cycles a token after it"),
        (
            f"on {board.name} at {board.clock_mhz:g} MHz (assumed), predicted",
            f"{predicted.prompt / per_ms:.3f} ms, then {each / per_ms:.3f} ms a token",
        ),
        ("computed", f"{len(answer.tokens)} tokens in {answer.seconds:.2f} s, {speed:,.1f}/s"),
    ]
    for row in rows:
        table.add_row(*row)
    return table
