# SPDX-License-Identifier: Apache-2.0
"""What is known while a program is interpreted."""

from dataclasses import dataclass, field

from .constant import Constant
from .form import Form
from .step import Step
from .tensors import TrainedTensors

__all__ = ["Raising"]


@dataclass(eq=False)
class Raising:
    """A program while it is raised.

    rows: the number of rows that it is interpreted for
    place: the module of the call in work
    trained: tensors of the program by all of their names
    tensors: what steps are made with
    forms: of values that became a layer, so that each becomes one only once
    made: steps by what they were made from, for the same reason
    whole_context: whether something has as many rows as the program is interpreted for
    """

    rows: int
    place: str = ""
    trained: dict[str, Constant] = field(default_factory=dict)
    tensors: TrainedTensors = field(default_factory=TrainedTensors)
    forms: dict[object, Form] = field(default_factory=dict)
    made: dict[tuple[object, ...], Step] = field(default_factory=dict)
    whole_context: bool = False
