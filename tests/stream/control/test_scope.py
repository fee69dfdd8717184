# SPDX-License-Identifier: Apache-2.0
"""How often a part works in a step, by the names that manifests have."""

from streamhw.stream.control.scope import Scope


def test_names_come_back() -> None:
    assert [Scope(scope.value) for scope in Scope] == list(Scope)
    assert {scope.value for scope in Scope} == {"entry", "body", "tail", "shared"}
