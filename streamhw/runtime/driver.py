# SPDX-License-Identifier: Apache-2.0
"""Drives an accelerator: one prompt in, tokens out as they come, with their cycles."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import DeviceError, InternalError, UserError
from ..stream.axi import register_map as registers
from .device import Device, Traffic
from .recovery import RECOVER, fault_text, settle

__all__ = ["Generation", "Progressed", "Token", "generate"]


@dataclass(frozen=True, kw_only=True)
class Token:
    """A generated token; ``cycles`` since the one before, or since the start for the first."""

    token: int
    position: int
    cycles: int


@dataclass(frozen=True, kw_only=True)
class Progressed:
    """How far an answer is: its tokens, and the memory traffic when it was started."""

    tokens: tuple[Token, ...]
    before: Mapping[str, Traffic]


def generate(
    device: Device,
    prompt: Sequence[int],
    *,
    count: int,
    ends: Sequence[int] = (),
    on_token: Callable[[Token], None] | None = None,
    since: "Progressed | None" = None,
) -> "Generation":
    """Starts an answer of up to ``count`` tokens; iterate over the result for the tokens.

    ends: tokens after which the answer ends. The hardware knows the first of them; after another
        the host stops it, which costs one more step
    since: what the same answer had brought when the state that the device goes on from was saved

    Raises ``UserError`` if the prompt is empty, has a token outside the vocabulary, or does not
    leave room for ``count`` tokens in the context.
    """
    manifest = device.manifest
    if not prompt:
        raise UserError("Prompt must have at least one token, not none")
    if count < 1:
        raise UserError(f"Number of wanted tokens must be at least 1, not {count}")
    for position, token in enumerate(prompt):
        if not 0 <= token < manifest.vocabulary:
            raise UserError(
                f"Token at position {position} must be below the vocabulary of "
                f"{manifest.vocabulary}, not {token}"
            )
    for token in ends:
        if not 0 <= token < manifest.vocabulary:
            raise UserError(
                f"End token must be below the vocabulary of {manifest.vocabulary}, not {token}"
            )
    if len(prompt) >= manifest.context:
        raise UserError(
            f"Prompt must have fewer tokens than the context of {manifest.context}, "
            f"not {len(prompt)}"
        )
    if len(prompt) + count > manifest.context:
        raise UserError(
            f"Prompt and answer must have at most {manifest.context} tokens together (the "
            f"context), not {len(prompt)} + {count}",
            hint=f"Ask for at most {manifest.context - len(prompt)} tokens",
        )
    return Generation(device, list(prompt), count, tuple(ends), on_token, since)


class Generation(Iterator[Token]):
    """An answer in progress: an iterator over its tokens, and what it cost so far.

    prompt_cycles: from the start to the first token
    cycles: from the start to the last token seen, in cycles of the device
    tokens: the tokens seen so far
    """

    def __init__(
        self,
        device: Device,
        prompt: Sequence[int],
        count: int,
        ends: tuple[int, ...],
        on_token: Callable[[Token], None] | None,
        since: Progressed | None,
    ):
        self.tokens: list[Token] = [] if since is None else list(since.tokens)
        self._device, self._on_token = device, on_token
        self._window = device.manifest.window
        self._position = len(prompt) + len(self.tokens)
        self._ready: list[Token] = []
        self._done = False
        self._count, self._ends, self._stopped = count, ends, False
        self._cycles = self.cycles
        self._before = dict(device.traffic() if since is None else since.before)
        self._after: Mapping[str, Traffic] | None = None  # when the answer had ended
        if since is None:
            self._begin(prompt)

    @property
    def prompt_cycles(self) -> int:
        return self.tokens[0].cycles if self.tokens else 0

    @property
    def cycles(self) -> int:
        return sum(token.cycles for token in self.tokens)

    @property
    def token_cycles(self) -> float:
        """Mean cycles of a token after the first; 0 if there is none."""
        later = self.tokens[1:]
        return sum(token.cycles for token in later) / len(later) if later else 0.0

    def traffic(self) -> Mapping[str, Traffic]:
        """Memory traffic since the start, by port."""
        after = self._device.traffic() if self._after is None else self._after
        return {name: now - self._before[name] for name, now in after.items()}

    def progressed(self) -> Progressed:
        """How far the answer is while the device waits for the next token."""
        return Progressed(tokens=tuple(self.tokens), before=self._before)

    def stop(self) -> None:
        """Ends the answer after the current token."""
        self._device.write32(registers.CONTROL, registers.CONTROL_STOP)

    def __next__(self) -> Token:
        while not self._done and (self._stopped or not self._ready):
            self._collect()
        if self._stopped or not self._ready:
            if self._after is None:
                self._after = dict(self._device.traffic())
                # An answer that memory lost is one that it still owes when all is done: then other
                # answers may have been taken for it.
                settle(self._device)
            raise StopIteration
        token = self._ready.pop(0)
        self.tokens.append(token)
        if token.token in self._ends[1:] and len(self.tokens) < self._count:
            # The next step is under way: its token is no part of the answer.
            self.stop()
            self._stopped = True
        if self._on_token is not None:
            self._on_token(token)
        return token

    def _begin(self, prompt: Sequence[int]) -> None:
        device = self._device
        if (found := device.read32(registers.ID)) != registers.ID_VALUE:
            raise InternalError(f"Register ID must be {registers.ID_VALUE:#x}, not {found:#x}")
        if (found := device.read32(registers.BUILD)) != device.manifest.build:
            raise InternalError(
                f"Register BUILD must be {device.manifest.build:#x} as in the manifest, "
                f"not {found:#x}"
            )
        settle(device)
        for index, token in enumerate(prompt):
            device.write32(self._window + 4 * index, token)
        device.write32(registers.PROMPT_LENGTH, len(prompt))
        device.write32(registers.TOTAL_LENGTH, len(prompt) + self._count)
        end = registers.EOS_ENABLE | self._ends[0] if self._ends else 0
        device.write32(registers.EOS, end)
        device.write32(registers.BASE_LO, device.base & 0xFFFFFFFF)
        device.write32(registers.BASE_HI, device.base >> 32)
        device.write32(registers.CONTROL, registers.CONTROL_START)
        self._check_errors()

    def _collect(self) -> None:
        progress = self._device.wait(self._position)
        self._check_errors()
        if progress.stopped:
            raise InternalError("Answer must come to its end, but the device was told to abort it")
        new = range(self._position, progress.count)
        cycles = progress.cycles - self._cycles
        for index in new:
            token = self._device.read32(self._window + 4 * index)
            if token >= self._device.manifest.vocabulary:
                raise InternalError(
                    f"Generated token at position {index} must be below the vocabulary of "
                    f"{self._device.manifest.vocabulary}, not {token}"
                )
            # Tokens that came between two looks share the time.
            share = cycles // len(new) + (cycles % len(new) if index == new[-1] else 0)
            self._ready.append(Token(token=token, position=index, cycles=share))
        if new:
            self._cycles = progress.cycles
        self._position = max(self._position, progress.count)
        self._done = progress.done

    def _check_errors(self) -> None:
        """Raises ``DeviceError`` for a fault of memory, ``InternalError`` for a refused start."""
        status = self._device.read32(registers.STATUS)
        if not status & registers.STATUS_ERROR:
            return
        if text := fault_text(self._device):
            raise DeviceError(text, hint=RECOVER)
        reason = registers.Refusal((status & registers.STATUS_REFUSED) >> 8)
        raise InternalError(f"Device must start, but it refused: illegal {reason.name}")
