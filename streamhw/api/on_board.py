# SPDX-License-Identifier: Apache-2.0
"""An answer of a design on a real board, at the other end of a serial line."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..compiler.backend.build_dir import read_file
from ..compiler.backend.emit import IMAGE_FILE
from ..errors import DeviceError
from ..runtime.device import Traffic
from ..runtime.driver import Generation, Token, generate
from ..runtime.recovery import recover
from ..runtime.serial.device import SerialDevice
from ..runtime.serial.link import LinkError, LinkStatistics, SerialLink
from ..runtime.serial.transport import Transport
from .build import Build
from .prompt import Prompt

__all__ = ["BoardAnswer", "on_board"]


@dataclass(kw_only=True)
class BoardAnswer:
    """What a board answered, as far as it is.

    said: text of the tokens; sent: bytes of the memory image that the board did not have yet
    loading, seconds: that the image and the answer took; link: what passed on the line
    traffic: bytes by memory port, once it is whole
    """

    sent: int = 0
    loading: float = 0.0
    seconds: float = 0.0
    tokens: list[Token] = field(default_factory=list)
    said: str = ""
    link: LinkStatistics = field(default_factory=LinkStatistics)
    traffic: dict[str, Traffic] = field(default_factory=dict)

    @property
    def prompt_cycles(self) -> int:
        return self.tokens[0].cycles if self.tokens else 0

    @property
    def token_cycles(self) -> float:
        """Mean cycles of a token after the first; 0 if there is none."""
        later = self.tokens[1:]
        return sum(token.cycles for token in later) / len(later) if later else 0.0

    @property
    def read_bytes(self) -> int:
        return sum(port.read_bytes for port in self.traffic.values())

    @property
    def write_bytes(self) -> int:
        return sum(port.write_bytes for port in self.traffic.values())


def on_board(
    built: Build,
    prompt: Prompt,
    count: int,
    transport: Transport,
    *,
    timeout: float = 0.5,
    clock: Callable[[], float] = time.monotonic,
    on_load: Callable[[int, int], None] = lambda done, total: None,
    on_token: Callable[[BoardAnswer], None] = lambda answer: None,
) -> BoardAnswer:
    """Loads the memory image where the board does not have it yet, and generates tokens.

    A board that was left in the middle of an answer is made ready first.

    transport: the line to the board
    timeout: seconds of silence after which a request is repeated
    clock: seconds, by which the answer is timed
    on_load: called with the bytes that are there, and all of them

    Raises ``DeviceError`` if the board does not answer, or has another design.
    """
    manifest = built.manifest
    link = _opened(transport, timeout)
    if link.identity.build != manifest.build:
        raise DeviceError(
            f"Board must have the design of {built.folder} (build {manifest.build:#010x}), not "
            f"{link.identity.build:#010x}",
            hint="program the board with the bitstream of this build",
        )
    device = SerialDevice(manifest, link, clock=clock)
    recover(device)
    answer = BoardAnswer(link=link.statistics)
    begin = clock()
    image = read_file(built.folder, manifest, IMAGE_FILE)
    answer.sent = device.load(image, on_load)
    answer.loading = clock() - begin
    begin = clock()
    stream = prompt.stream()
    generation: Generation = generate(
        device, prompt.tokens, count=count, ends=built.model.end_tokens
    )
    for token in generation:
        answer.tokens.append(token)
        answer.said += stream.feed(token.token)
        answer.seconds = clock() - begin
        answer.link = link.statistics
        on_token(answer)
    answer.said += stream.end()
    answer.traffic = dict(generation.traffic())
    return answer


def _opened(transport: Transport, timeout: float) -> SerialLink:
    """A link, or in a sentence what a user without a debugger can look at."""
    try:
        return SerialLink(transport, timeout=timeout)
    except LinkError as error:
        if error.status is not None:
            raise
        raise DeviceError(
            "Board must answer on its serial line, but says nothing that it would say",
            hint="Is this its port, and is it programmed with the bitstream of this build? Its "
            "first lamp must be on: the second says that its memory failed the test",
        ) from error
