# SPDX-License-Identifier: Apache-2.0
"""Values get the names of their variables, however Python joins its instructions."""

import sys

import pytest
from amaranth import tracer

from streamhw.compiler.backend.amaranth_adapter import adapted
from streamhw.compiler.backend.amaranth_adapter.variable_names import NEEDED, get_var_name


def name(default: object = "none") -> object:
    """What a constructor of Amaranth would find."""
    return get_var_name(2, default)


def test_names_of_local_variables() -> None:
    alone = name()
    other = name()
    copied = other
    first, second = name(), name()
    one = two = name()
    assert (alone, other, copied) == ("alone", "other", "other")
    # All releases give the variable that is stored first: the last one of two.
    assert (first, second) == ("none", "second")
    assert one == two == "one"


def test_names_in_other_places() -> None:
    class Place:
        pass

    place, seen = Place(), []
    place.attribute = name()  # type: ignore[attr-defined]  # made here
    inner = name()

    def read() -> object:
        return inner

    seen.append(name())
    assert place.attribute == "attribute"  # type: ignore[attr-defined]  # made here
    assert (read(), seen, [name()]) == ("inner", ["none"], ["none"])


def test_without_a_name() -> None:
    with pytest.raises(tracer.NameNotFound):
        print(get_var_name(1))


def test_only_where_it_is_needed() -> None:
    assert (sys.version_info >= (3, 13)) == NEEDED
    with adapted():
        assert (tracer.get_var_name is get_var_name) == NEEDED
    assert tracer.get_var_name is not get_var_name
