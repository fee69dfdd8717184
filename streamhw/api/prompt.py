# SPDX-License-Identifier: Apache-2.0
"""What was typed as a prompt: text, a message or token numbers, checked before a build."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UserError
from ..frontend import Model
from ..frontend.tokenizers import TextStream, Tokenizer
from ..graph import Graph

__all__ = ["Prompt", "check_lengths", "check_run", "read_prompt", "token_numbers"]


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """tokens: what the model gets; text: what was typed; tokenizer: of the model, if it has one"""

    tokens: list[int]
    text: str
    tokenizer: Tokenizer | None

    def stream(self) -> TextStream:
        """Takes the tokens of the answer, and gives their text as it follows the prompt."""
        if self.tokenizer is None:
            return TextStream(lambda token, _: f"{token} ".encode())
        stream = self.tokenizer.stream()
        for token in self.tokens:
            stream.feed(token)
        return stream


def check_run(prompt: list[int], count: int, stalls: float, graph: Graph) -> None:
    """Raises ``UserError`` for what cannot run, before anything is built."""
    check_lengths(len(prompt), count, graph)
    if not 0 <= stalls < 1:
        raise UserError(f"Share of stalls must be from 0 to below 1, not {stalls}")
    for position, token in enumerate(prompt):
        if not 0 <= token < graph.vocabulary:
            raise UserError(
                f"Token at position {position} must be below the vocabulary of "
                f"{graph.vocabulary}, not {token}"
            )


def check_lengths(prompt: int, answer: int, graph: Graph) -> None:
    """Raises ``UserError`` if the context has no room for a prompt and an answer."""
    if prompt < 1:
        raise UserError("Prompt must have at least one token, not none")
    if answer < 1:
        raise UserError(f"Number of wanted tokens must be at least 1, not {answer}")
    if prompt + answer > graph.context:
        room = graph.context - prompt
        raise UserError(
            f"Prompt and answer must have at most {graph.context} tokens together (the "
            f"context), not {prompt} + {answer}",
            hint=f"ask for at most {room} tokens" if room > 0 else "shorten the prompt",
        )


def read_prompt(typed: str | Sequence[int], model: Model, *, chat: bool = False) -> Prompt:
    """The prompt that was typed; an empty one begins where the model's texts begin.

    typed: text, or tokens; text of token numbers for a model without a tokenizer
    chat: whether the text is the first message of a conversation

    Raises ``UserError`` if it is no text, must be numbers and is not, or if the model cannot chat.
    """
    tokenizer = model.tokenizer
    begin = [] if model.begin_token is None else [model.begin_token]
    if chat and (tokenizer is None or tokenizer.chat_template is None):
        raise UserError(f"{model.name}: a chat template must be there for --chat, and is not")
    if not isinstance(typed, str):
        tokens = list(typed)
        text = _numbers(tokens) if tokenizer is None else tokenizer.decode(tokens)
        return Prompt(tokens=tokens, text=text, tokenizer=tokenizer)
    if tokenizer is None:
        tokens = _parsed(typed, model) or begin
        return Prompt(tokens=tokens, text=_numbers(tokens), tokenizer=None)
    try:
        typed.encode()
    except UnicodeEncodeError:
        raise UserError(f"Prompt must be UTF-8 text, not {typed!r}") from None
    if chat and tokenizer.chat_template is not None:
        said = tokenizer.chat_template.render([{"role": "user", "content": typed}])
        return Prompt(tokens=tokenizer.encode(said), text=f"{typed}\n", tokenizer=tokenizer)
    tokens = tokenizer.encode(typed)
    before = list(tokenizer.beginning)
    if tokens[: len(before)] != before:
        tokens = [*before, *tokens]
    return Prompt(tokens=tokens or begin, text=typed, tokenizer=tokenizer)


def _numbers(tokens: Sequence[int]) -> str:
    return "".join(f"{token} " for token in tokens)


def token_numbers(typed: str) -> list[int]:
    """The numbers in a text, with blanks or commas between; raises ``ValueError``."""
    return [int(word) for word in typed.replace(",", " ").split()]


def _parsed(prompt: str, model: Model) -> list[int]:
    try:
        return token_numbers(prompt)
    except ValueError:
        raise UserError(
            f"Prompt of {model.name} must be token numbers, since it has no tokenizer, "
            f"not {prompt!r}"
        ) from None
