# SPDX-License-Identifier: Apache-2.0
"""What layer kinds check of their attributes and inputs."""

from .op import Op, Shape, print_shape

__all__ = ["check_counted", "check_positive", "features_of", "matrix_of"]


def check_positive(op: Op, *names: str) -> None:
    for name in names:
        value = getattr(op, name)
        if value < 1:
            raise ValueError(f"{op.kind} {name} must be positive, not {value}")


def check_counted(kind: str, counted: int | None, features: int) -> None:
    if counted is not None and not 1 <= counted <= features:
        raise ValueError(f"{kind} counted must be 1 to {features} features, not {counted}")


def features_of(op: Op, shape: Shape, expected: int) -> Shape:
    if len(shape) != 2 or shape[1] != expected:
        raise ValueError(
            f"{op.kind} input must have shape [rows, {expected}], not {print_shape(shape)}"
        )
    return shape


def matrix_of(op: Op, shape: Shape) -> tuple[int | str, int]:
    if len(shape) != 2 or not isinstance(shape[1], int):
        raise ValueError(
            f"{op.kind} input must have shape [rows, features], not {print_shape(shape)}"
        )
    return shape[0], shape[1]
