# SPDX-License-Identifier: Apache-2.0
"""The numbers of a decoder with RMS norms, rotary angles and gated layers."""

from dataclasses import dataclass

from ..graph import Scaling

__all__ = ["DecoderConfig"]


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """The numbers of a decoder of the Llama, Qwen and Gemma families.

    context: positions that hardware is built for, at most what the model was trained on
    windows: of the positions so far, how many of the last the attention of a layer sees, taken by
        the layers in turn; None: all; none: all layers see all
    function: of the gate; epsilon: of the norms
    bases, scalings: of the rotary angles, taken by the layers in turn
    projection_bias: whether queries, keys and values have a bias; output_bias, gated_bias: the
        product after attention, those of the gated layer
    head_norms: whether queries and keys are normalized head by head
    outer_norms: whether what a block adds is normalized, too
    embedding_scale: factor of the embedding that the tied head does not have
    query_scale: factor that the stored queries lack: scores are divided by the root of another
        number than ``head_dim``

    Raises ``ValueError`` if a size is not positive, the key/value heads do not divide the heads, or
    a head has no pairs to rotate.
    """

    layers: int
    features: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int
    windows: tuple[int | None, ...] = ()
    function: str = "silu"
    epsilon: float = 1e-6
    bases: tuple[float, ...] = (10_000.0,)
    scalings: tuple[Scaling, ...] = ()
    tied: bool = True
    projection_bias: bool = False
    output_bias: bool = False
    gated_bias: bool = False
    head_norms: bool = False
    outer_norms: bool = False
    embedding_scale: float = 1.0
    query_scale: float = 1.0

    def __post_init__(self) -> None:
        sizes = ("layers", "features", "hidden", "heads", "kv_heads", "head_dim", "context")
        for name in (*sizes, "vocabulary"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if self.heads % self.kv_heads:
            raise ValueError(f"kv_heads must divide heads, not {self.kv_heads} | {self.heads}")
        if self.head_dim % 2:
            raise ValueError(f"head_dim must be even, not {self.head_dim}: features turn in pairs")
