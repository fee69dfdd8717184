# SPDX-License-Identifier: Apache-2.0
"""Calls into the ``tokenizers`` library, whose errors become sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import UserError

__all__ = ["readable"]


@contextmanager
def readable(source: object) -> Iterator[None]:
    """Raises ``UserError`` that names ``source`` for whatever the library raises inside."""
    try:
        yield
    except (UserError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # it raises bare Exception, and panics that are not even that
        reason = " ".join(str(error).split())
        raise UserError(f"{source}: the tokenizer cannot be read ({reason})") from None
