# SPDX-License-Identifier: Apache-2.0
"""The tokens that begin and end a text, as a configuration names them."""

from ..errors import UserError
from .reading.config_reader import Values

__all__ = ["begin_token", "end_tokens"]


def end_tokens(values: Values, vocabulary: int, source: str) -> tuple[int, ...]:
    """The tokens after which an answer ends: ``eos_token_id``, an integer or a list of them.

    An identifier outside the vocabulary is never said, and ends nothing, as in ``transformers``.

    Raises ``UserError`` that names ``source`` for anything else than integers.
    """
    found = values.get("eos_token_id")
    several = found if isinstance(found, list) else [] if found is None else [found]
    for token in several:
        if not _whole(token):
            raise UserError(
                f"{source}: eos_token_id must be an integer, or a list of integers, not {token!r}"
            )
    return tuple(dict.fromkeys(token for token in several if 0 <= token < vocabulary))


def begin_token(values: Values, vocabulary: int, source: str) -> int | None:
    """The token that a text begins with: ``bos_token_id``; raises ``UserError`` if that is neither
    an integer nor null."""
    found = values.get("bos_token_id")
    if found is None:
        return None
    if not _whole(found):
        raise UserError(f"{source}: bos_token_id must be an integer, not {found!r}")
    token = int(found)
    return token if 0 <= token < vocabulary else None


def _whole(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)
