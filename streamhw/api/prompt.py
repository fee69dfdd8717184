# SPDX-License-Identifier: Apache-2.0
"""What was typed as a prompt: text or token numbers, checked before anything is built."""

from collections.abc import Callable, Sequence

from ..errors import UserError
from ..frontend import Model
from ..graph import Graph

__all__ = ["check_run", "tokens_of"]


def check_run(prompt: list[int], count: int, stalls: float, graph: Graph) -> None:
    """Raises ``UserError`` for what cannot run, before anything is built."""
    if not prompt:
        raise UserError("Prompt must have at least one token, not none")
    if count < 1:
        raise UserError(f"Number of wanted tokens must be at least 1, not {count}")
    if not 0 <= stalls < 1:
        raise UserError(f"Share of stalls must be from 0 to below 1, not {stalls}")
    if len(prompt) + count > graph.context:
        room = graph.context - len(prompt)
        raise UserError(
            f"Prompt and answer must have at most {graph.context} tokens together (the "
            f"context), not {len(prompt)} + {count}",
            hint=f"ask for at most {room} tokens" if room > 0 else "shorten the prompt",
        )
    for position, token in enumerate(prompt):
        if not 0 <= token < graph.vocabulary:
            raise UserError(
                f"Token at position {position} must be below the vocabulary of "
                f"{graph.vocabulary}, not {token}"
            )


def tokens_of(
    prompt: str | Sequence[int], model: Model
) -> tuple[list[int], Callable[[list[int]], str]]:
    """The prompt's tokens, and what turns tokens into text.

    prompt: text, or tokens; text of token numbers for a model without a tokenizer

    Raises ``UserError`` if it is no text, or must be numbers and is not.
    """
    if model.tokenizer is None:
        numbers = _numbers(prompt, model) if isinstance(prompt, str) else list(prompt)
        return numbers, lambda tokens: " ".join(map(str, tokens)) + " "
    tokenizer = model.tokenizer
    if not isinstance(prompt, str):
        return list(prompt), tokenizer.decode
    try:
        prompt.encode()
    except UnicodeEncodeError:
        raise UserError(f"Prompt must be UTF-8 text, not {prompt!r}") from None
    return tokenizer.encode(prompt), tokenizer.decode


def _numbers(prompt: str, model: Model) -> list[int]:
    try:
        return [int(word) for word in prompt.replace(",", " ").split()]
    except ValueError:
        raise UserError(
            f"Prompt of {model.name} must be token numbers, since it has no tokenizer, "
            f"not {prompt!r}"
        ) from None
