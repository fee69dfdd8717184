# SPDX-License-Identifier: Apache-2.0
"""Layer kinds: what a graph node computes, its parameters, and the shape of its value."""

from dataclasses import dataclass

from .op import ROWS, Op, Parameter, Shape, print_shape

__all__ = [
    "FUNCTIONS",
    "OPS",
    "Activation",
    "Add",
    "Angles",
    "ArgMax",
    "Attention",
    "Chunk",
    "Gather",
    "Input",
    "LastToken",
    "LayerNorm",
    "Linear",
    "Multiply",
    "RmsNorm",
    "Rotary",
]

FUNCTIONS = ("gelu_tanh", "gelu_erf", "silu", "relu")
"""Activation functions that a graph may name."""


def _positive(op: "Op", *names: str) -> None:
    for name in names:
        value = getattr(op, name)
        if value < 1:
            raise ValueError(f"{op.kind} {name} must be positive, not {value}")


def _features(op: Op, shape: Shape, expected: int) -> Shape:
    if len(shape) != 2 or shape[1] != expected:
        raise ValueError(
            f"{op.kind} input must have shape [rows, {expected}], not {print_shape(shape)}"
        )
    return shape


def _matrix(op: Op, shape: Shape) -> tuple[int | str, int]:
    if len(shape) != 2 or not isinstance(shape[1], int):
        raise ValueError(
            f"{op.kind} input must have shape [rows, features], not {print_shape(shape)}"
        )
    return shape[0], shape[1]


@dataclass(frozen=True, kw_only=True)
class Input(Op):
    """A value from outside: ``tokens`` (identifiers) or ``positions`` (0, 1, ...), one a row."""

    role: str

    def __post_init__(self) -> None:
        if self.role not in ("tokens", "positions"):
            raise ValueError(f"Input role must be 'tokens' or 'positions', not {self.role!r}")

    @property
    def arity(self) -> int:
        return 0

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (ROWS,)


@dataclass(frozen=True, kw_only=True)
class Gather(Op):
    """Rows of a table times ``scale``, chosen by the input's integers."""

    table: str
    rows: int
    features: int
    scale: float = 1.0

    def __post_init__(self) -> None:
        _positive(self, "rows", "features")
        if self.scale <= 0:
            raise ValueError(f"Gather scale must be positive, not {self.scale}")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter(self.table, (self.rows, self.features)),)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if len(inputs[0]) != 1:
            raise ValueError(f"Gather input must have shape [rows], not {print_shape(inputs[0])}")
        return (inputs[0][0], self.features)


@dataclass(frozen=True, kw_only=True)
class Add(Op):
    """The sum of two values of one shape."""

    @property
    def arity(self) -> int:
        return 2

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if inputs[0] != inputs[1]:
            first, second = (print_shape(shape) for shape in inputs)
            raise ValueError(f"Add inputs must have one shape, not {first} and {second}")
        return inputs[0]


@dataclass(frozen=True, kw_only=True)
class Multiply(Op):
    """The product of two values of one shape, element by element: the gate of a layer."""

    @property
    def arity(self) -> int:
        return 2

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if inputs[0] != inputs[1]:
            first, second = (print_shape(shape) for shape in inputs)
            raise ValueError(f"Multiply inputs must have one shape, not {first} and {second}")
        return inputs[0]


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Op):
    """Each row minus its mean, over its deviation, times ``weight``, plus ``bias``."""

    features: int
    epsilon: float
    weight: str
    bias: str

    def __post_init__(self) -> None:
        _positive(self, "features")
        if self.epsilon <= 0:
            raise ValueError(f"LayerNorm epsilon must be positive, not {self.epsilon}")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter(self.weight, (self.features,)), Parameter(self.bias, (self.features,)))

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return _features(self, inputs[0], self.features)


@dataclass(frozen=True, kw_only=True)
class RmsNorm(Op):
    """Each row over the root of its mean square, times ``weight``.

    heads: runs of ``features`` elements in a row that are normalized each by itself, all with the
        same weight
    """

    features: int
    epsilon: float
    weight: str
    heads: int = 1

    def __post_init__(self) -> None:
        _positive(self, "features", "heads")
        if self.epsilon <= 0:
            raise ValueError(f"RmsNorm epsilon must be positive, not {self.epsilon}")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter(self.weight, (self.features,)),)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return _features(self, inputs[0], self.heads * self.features)


@dataclass(frozen=True, kw_only=True)
class Angles(Op):
    """Cosines, then sines, of the angles by which rotary embeddings turn pairs of features.

    Position p turns pair i of ``features`` / 2 by ``p * base ** (-2 i / features)``. Layers take
    the ``bases`` in turn.
    """

    features: int
    bases: tuple[float, ...]

    def __post_init__(self) -> None:
        _positive(self, "features")
        if self.features % 2:
            raise ValueError(f"Angles features must be even, not {self.features}")
        if not self.bases or any(base <= 1 for base in self.bases):
            raise ValueError(f"Angles bases must be above 1, not {self.bases}")

    def base(self, layer: int | None) -> float:
        """The base of a layer."""
        return self.bases[(layer or 0) % len(self.bases)]

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if len(inputs[0]) != 1:
            raise ValueError(f"Angles input must have shape [rows], not {print_shape(inputs[0])}")
        return (inputs[0][0], self.features)


@dataclass(frozen=True, kw_only=True)
class Rotary(Op):
    """Rotary embedding: turns features i and i + head_dim / 2 of each head by the row's angle i."""

    heads: int
    head_dim: int

    def __post_init__(self) -> None:
        _positive(self, "heads", "head_dim")

    @property
    def arity(self) -> int:
        return 2

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        value = _features(self, inputs[0], self.heads * self.head_dim)
        if inputs[1] != (value[0], self.head_dim):
            expected = print_shape((value[0], self.head_dim))
            raise ValueError(f"Rotary angles must be {expected}, not {print_shape(inputs[1])}")
        return value


@dataclass(frozen=True, kw_only=True)
class Linear(Op):
    """A matrix product over the features, plus ``bias`` if it is named.

    transposed: whether the checkpoint stores the matrix as [inputs, outputs]; if not, it is
        [outputs, inputs]
    """

    inputs: int
    outputs: int
    weight: str
    bias: str | None = None
    transposed: bool = False

    def __post_init__(self) -> None:
        _positive(self, "inputs", "outputs")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        shape = (self.inputs, self.outputs) if self.transposed else (self.outputs, self.inputs)
        weight = (Parameter(self.weight, shape),)
        return weight if self.bias is None else (*weight, Parameter(self.bias, (self.outputs,)))

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (_features(self, inputs[0], self.inputs)[0], self.outputs)


@dataclass(frozen=True, kw_only=True)
class Chunk(Op):
    """Part ``index`` of the features cut into ``parts`` equal runs."""

    index: int
    parts: int

    def __post_init__(self) -> None:
        _positive(self, "parts")
        if not 0 <= self.index < self.parts:
            raise ValueError(f"Chunk index must be 0 to {self.parts - 1}, not {self.index}")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        rows, features = _matrix(self, inputs[0])
        if features % self.parts:
            raise ValueError(f"Chunk parts must divide the features, not {self.parts} | {features}")
        return (rows, features // self.parts)


@dataclass(frozen=True, kw_only=True)
class Attention(Op):
    """Scaled dot-product attention of queries, keys and values, heads side by side.

    Scores are scaled by ``head_dim ** -0.5``. Each key/value head serves ``heads // kv_heads``
    neighboring query heads.
    """

    heads: int
    kv_heads: int
    head_dim: int
    causal: bool = True

    def __post_init__(self) -> None:
        _positive(self, "heads", "kv_heads", "head_dim")
        if self.heads % self.kv_heads:
            raise ValueError(
                f"Attention kv_heads must divide heads, not {self.kv_heads} | {self.heads}"
            )

    @property
    def arity(self) -> int:
        return 3

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        rows = inputs[0][0]
        wide, narrow = self.heads * self.head_dim, self.kv_heads * self.head_dim
        for role, shape, size in zip(
            ("queries", "keys", "values"), inputs, (wide, narrow, narrow), strict=True
        ):
            if shape != (rows, size):
                expected = print_shape((rows, size))
                raise ValueError(f"Attention {role} must be {expected}, not {print_shape(shape)}")
        return inputs[0]


@dataclass(frozen=True, kw_only=True)
class Activation(Op):
    """An elementwise nonlinear function, one of ``FUNCTIONS``."""

    function: str

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            names = ", ".join(FUNCTIONS)
            raise ValueError(f"Activation function must be one of {names}, not {self.function!r}")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]


@dataclass(frozen=True, kw_only=True)
class LastToken(Op):
    """The last row only."""

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (1, _matrix(self, inputs[0])[1])


@dataclass(frozen=True, kw_only=True)
class ArgMax(Op):
    """The index of the greatest feature of each row; the lowest index wins a tie."""

    classes: int

    def __post_init__(self) -> None:
        _positive(self, "classes")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (_features(self, inputs[0], self.classes)[0],)


OPS: tuple[type[Op], ...] = (
    Input,
    Gather,
    Add,
    Multiply,
    LayerNorm,
    RmsNorm,
    Angles,
    Rotary,
    Linear,
    Chunk,
    Attention,
    Activation,
    LastToken,
    ArgMax,
)
"""All layer kinds, as the text form knows them."""
