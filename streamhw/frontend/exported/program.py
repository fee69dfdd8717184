# SPDX-License-Identifier: Apache-2.0
"""What a program is, whatever framework it comes from."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from .call import Call
from .constant import Constant

__all__ = ["Program"]


class Program(Protocol):
    """Calls in order, from token identifiers [1, rows] to logits.

    The parts that do not depend on tokens are computed by the framework, for one number of rows.
    """

    @property
    def source(self) -> str:
        """What messages begin with: the file, or what it is called."""
        ...

    @property
    def calls(self) -> Sequence[Call]: ...

    @property
    def tokens(self) -> str:
        """The name of the input that holds token identifiers."""
        ...

    @property
    def token_shape(self) -> tuple[int, ...]:
        """Of that input, with 0 where the number of rows is."""
        ...

    @property
    def result(self) -> str:
        """The name of the logits."""
        ...

    @property
    def least_rows(self) -> int:
        """The smallest number of rows that it can be run with."""
        ...

    @property
    def most_rows(self) -> int | None:
        """The greatest one; ``None``: it does not say."""
        ...

    def constants(self, rows: int) -> Mapping[str, Constant]:
        """Trained tensors, and inputs other than tokens, by the names that calls have for them."""
        ...

    def evaluate(self, call: Call, arguments: tuple[object, ...]) -> object:
        """The value of a call whose arguments are constants and numbers."""
        ...
