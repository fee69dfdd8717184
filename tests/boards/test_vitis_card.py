# SPDX-License-Identifier: Apache-2.0
"""What a board says of a card of Vitis."""

from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.boards.vitis_card import VitisCard


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"platform": " "}, "Platform of a Vitis card must be a line of text"),
        ({"banks": ("HBM[0]", "")}, "Bank of a Vitis card must be a line of text"),
        ({"banks": ()}, "Vitis card must have at least one bank, not none"),
        ({"banks": "HBM[0]"}, "Banks of a Vitis card must be a tuple of str"),
    ],
)
def test_cards_that_cannot_be(values: dict[str, object], says: str) -> None:
    card = VitisCard(platform="card", banks=("HBM[0]",))
    with pytest.raises(ValueError, match=says):
        replace(card, **values)


def test_a_bank_for_each_port() -> None:
    board = load_board("u55c")
    short = VitisCard(platform="card", banks=("HBM[0]",))
    with pytest.raises(ValueError, match=r"u55c must have a bank for each of its 32 .* not 1"):
        replace(board, card=short)
    with pytest.raises(ValueError, match="u55c: card must be of type VitisCard"):
        replace(board, card="card")
