# SPDX-License-Identifier: Apache-2.0
"""Whatever the library raises becomes one sentence."""

import pytest

from streamhw.errors import UserError
from streamhw.frontend.tokenizers.library import readable


class PanicException(BaseException):
    """As the library's panics are."""


@pytest.mark.parametrize("error", [Exception("a\n b"), PanicException("a b"), KeyError("a b")])
def test_errors_become_a_sentence(error: BaseException) -> None:
    with pytest.raises(UserError, match=r"^m: the tokenizer cannot be read \('?a b'?\)$"):
        with readable("m"):
            raise error


@pytest.mark.parametrize("error", [UserError("own"), KeyboardInterrupt()])
def test_others_pass(error: BaseException) -> None:
    with pytest.raises(type(error)):
        with readable("m"):
            raise error
