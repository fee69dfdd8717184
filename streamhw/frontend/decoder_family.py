# SPDX-License-Identifier: Apache-2.0
"""What the families of decoders share: keys of config.json, and names of tensors in files."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from ..errors import UserError
from ..graph import Graph
from .decoder import decoder_graph
from .decoder_config import DecoderConfig
from .reading.config_reader import ConfigReader, Values
from .reading.rotary_config import LAYER_TYPES, bases_and_scalings, in_turn, rotary_of
from .reading.stored_tensor import StoredTensors
from .tied_head import without_tied_head

__all__ = ["DecoderFamily", "decoder_config", "layer_types"]

_MOST_LAYERS = 10_000
"""Beyond all models: names of tensors are listed layer by layer."""
_MOST_POSITIONS = 1 << 24
"""Beyond all models: there is a row of angles for each."""


class DecoderFamily(ABC):
    """A family whose graph is ``decoder_graph``; the graph's names are those of the files."""

    model_types: tuple[str, ...]
    defaults: ClassVar[Values]
    """What Hugging Face takes for keys that config.json leaves out."""

    @abstractmethod
    def read(self, reader: ConfigReader) -> DecoderConfig:
        """The numbers of a configuration; raises ``UserError`` for what the graph has not."""

    def read_config(self, values: Values, source: str) -> DecoderConfig:
        return self.read(ConfigReader(values, source, self.defaults))

    def graph(self, name: str, config: DecoderConfig) -> Graph:
        return decoder_graph(name, config)

    def tensors(self, config: DecoderConfig, stored: StoredTensors, source: str) -> StoredTensors:
        # A base model, saved without its head, has no prefix.
        prefix = "" if any(name.startswith("model.") for name in stored) else "model."
        named = {
            name if name.startswith("lm_head.") else prefix + name: tensor
            for name, tensor in stored.items()
            if not name.endswith("rotary_emb.inv_freq")  # a constant that older files hold
        }
        if not config.tied:
            return named
        return without_tied_head(named, "lm_head.weight", "model.embed_tokens.weight", source)

    def notes(self, name: str, config: DecoderConfig) -> tuple[str, ...]:
        return ()


def decoder_config(
    reader: ConfigReader,
    *,
    function: str | None = None,
    types: tuple[str, ...] | None = None,
    **more: Any,
) -> DecoderConfig:
    """The numbers that all of these families name alike.

    function: of the gate, if it is not that of ``hidden_act``
    types: of the layers, if they differ (None: all have full attention)
    more: what a family adds, or knows better
    """
    layers = reader.integer("num_hidden_layers", most=_MOST_LAYERS)
    features, heads = reader.integer("hidden_size"), reader.integer("num_attention_heads")
    context = reader.integer("max_position_embeddings", most=_MOST_POSITIONS)
    types = types or ("full_attention",) * layers
    width = reader.optional("sliding_window") if "sliding_attention" in types else None
    windows = in_turn([None if kind == "full_attention" else width for kind in types])
    if width is None or width >= context:  # it hides nothing
        windows = ()
    head_dim = reader.optional("head_dim")
    if head_dim is None and features % heads:
        reader.refuse("hidden_size", f"a multiple of num_attention_heads ({heads})")
    size = head_dim or features // heads
    angles = {kind: rotary_of(reader, size, kind) for kind in dict.fromkeys(types)}
    bases, scalings = bases_and_scalings([angles[kind] for kind in types])
    numbers: dict[str, Any] = {
        "layers": layers,
        "features": features,
        "hidden": reader.integer("intermediate_size"),
        "heads": heads,
        "kv_heads": reader.optional("num_key_value_heads") or heads,
        "head_dim": size,
        "vocabulary": reader.integer("vocab_size"),
        "context": context,
        "windows": windows,
        "function": function or reader.function("hidden_act"),
        "epsilon": reader.number("rms_norm_eps"),
        "bases": bases,
        "scalings": scalings,
        "tied": reader.switch("tie_word_embeddings"),
    }
    try:
        return DecoderConfig(**numbers | more)
    except ValueError as error:
        raise UserError(f"{reader.source}: {error}") from None


def layer_types(reader: ConfigReader, default: Callable[[int], bool]) -> tuple[str, ...]:
    """The type of each layer.

    default: whether a layer slides where ``layer_types`` is not given
    """
    layers = reader.integer("num_hidden_layers", most=_MOST_LAYERS)
    types = reader.words("layer_types", layers)
    full, sliding = LAYER_TYPES
    if types is None:
        return tuple(sliding if default(layer) else full for layer in range(layers))
    if not set(types) <= set(LAYER_TYPES):
        reader.refuse("layer_types", f"a list of {full} and {sliding}")
    return types
