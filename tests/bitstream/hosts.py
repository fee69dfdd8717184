# SPDX-License-Identifier: Apache-2.0
"""Hosts of a simulated board with a tiny model, and the tokens that they must get."""

from collections.abc import Callable
from random import Random

from streamhw.api.build import Build
from streamhw.api.on_board import BoardAnswer, on_board
from streamhw.api.prompt import Prompt
from streamhw.compiler.layers.table import layer_table
from streamhw.errors import DeviceError
from streamhw.reference.integer_model import IntegerModel
from streamhw.testing.board.virtual_board import LineNoise, VirtualBoard

__all__ = ["BLOCK", "Host", "random_script"]

BLOCK = 4096
"""Bytes of the image that are compared and sent together."""

SILENCE = 20_000
"""Cycles of it until a host asks again: more than any request takes."""


class Host:
    """Asks for answers and looks at each of their tokens."""

    def __init__(self, built: Build):
        self.built = built
        self.image = built.image.tobytes()
        self._golden = IntegerModel(built.quantized, layer_table().reference)

    def expected(self, prompt: tuple[int, ...], count: int) -> list[int]:
        """The tokens of the integer reference."""
        return [*self._golden.generate(prompt, count)]

    def place(self, board: VirtualBoard) -> None:
        """Puts the image into memory: the line would take most of a test's time."""
        board.write_memory(0, self.image)

    def ask(
        self,
        board: VirtualBoard,
        prompt: tuple[int, ...] = (1, 2, 3),
        count: int = 5,
        *,
        on_token: Callable[[BoardAnswer], None] = lambda answer: None,
    ) -> BoardAnswer:
        """An answer, whose tokens are right as far as they came."""
        expected = self.expected(prompt, count)

        def check(answer: BoardAnswer) -> None:
            found = [token.token for token in answer.tokens]
            assert found == expected[: len(found)]
            on_token(answer)

        answer = on_board(
            self.built,
            Prompt(tokens=list(prompt), text="", tokenizer=None),
            count,
            board,
            timeout=SILENCE / (self.built.board.clock_mhz * 1e6),
            clock=board.seconds,
            on_token=check,
        )
        assert len(answer.tokens) == count
        return answer


def random_script(seed: int, board: VirtualBoard, host: Host, *, steps: int = 3) -> list[str]:
    """Answers among troubles; how each ended. After the last trouble all is well at once."""
    rng = Random(f"board script {seed}")
    host.place(board)
    ended = []
    for _ in range(steps):
        board.noise = rng.choice((LineNoise(), LineNoise(lost=1e-3), LineNoise(flipped=3e-3)))
        trouble = rng.choice(("none", "death", "reset", "memory"))
        if trouble == "death":
            board.alive = rng.randrange(2000)
        if trouble == "reset":
            board.reset_in = rng.randrange(1, 200_000)
        if trouble == "memory":
            board.write_memory(16 * rng.randrange(len(host.image) // 16), rng.randbytes(16))
        try:
            host.ask(board, tuple(rng.choices(range(60), k=rng.randint(1, 9))), rng.randint(1, 8))
            ended.append("right")
        except (DeviceError, ConnectionError) as error:
            ended.append(type(error).__name__)
        board.alive = None
    board.noise, board.reset_in = LineNoise(), None
    board.run(rng.randrange(50_000))
    assert board.run_test(1 << 20)
    host.ask(board, tuple(rng.choices(range(60), k=3)), 3)
    return ended
