# SPDX-License-Identifier: Apache-2.0
"""Rules of types hold for a design, and each names what breaks it."""

from dataclasses import replace

import pytest

from streamhw.compiler import verify_types
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.errors import InternalError

RULES = [
    verify_types.ends_have_their_types,
    verify_types.types_agree,
    verify_types.converters_convert,
    verify_types.forks_copy,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rules_hold(design: PlacedNetlist, rule) -> None:
    rule(design)


def test_a_stream_of_another_type_is_found(design: PlacedNetlist) -> None:
    first = next(c for c in design.channels if c.consumed.loops)
    wrong = replace(first, consumed=replace(first.consumed, loops=()))
    broken = replace(design, channels=tuple(wrong if c is first else c for c in design.channels))
    for rule in (verify_types.ends_have_their_types, verify_types.types_agree):
        with pytest.raises(InternalError, match=first.sink.instance):
            rule(broken)
