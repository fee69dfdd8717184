# SPDX-License-Identifier: Apache-2.0
"""What somebody may have meant by a name that nothing has."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean"]

_MOST = 3
_ALIKE = 0.6
"""Share of characters in common from which on names are alike."""


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint with the names that are most like what was typed; ``None`` if none is."""
    by_letters = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), by_letters, n=_MOST, cutoff=_ALIKE)
    if not close:
        return None
    *others, last = (by_letters[each] for each in close)
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"
