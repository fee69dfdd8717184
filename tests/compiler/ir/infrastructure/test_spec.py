# SPDX-License-Identifier: Apache-2.0
"""What all infrastructure says of itself."""

from streamhw.compiler.ir.infrastructure import InfrastructureSpec


def all_kinds(kind: type[InfrastructureSpec]) -> list[type[InfrastructureSpec]]:
    return [kind, *(each for sub in kind.__subclasses__() for each in all_kinds(sub))]


def test_every_kind_has_a_label_for_reports() -> None:
    kinds = all_kinds(InfrastructureSpec)[1:]
    assert len(kinds) >= 14
    assert all(
        kind.label and kind.label == kind.label.lower().replace("dma", "DMA") for kind in kinds
    )
