# SPDX-License-Identifier: Apache-2.0
"""Gemma 3, its text: as Gemma 2, with norms of queries and keys and two bases of angles."""

from typing import ClassVar

from .decoder_config import DecoderConfig
from .decoder_family import DecoderFamily, layer_types
from .gemma import plus_one
from .gemma2 import GEMMA2, gemma2_config, scaled
from .reading.config_reader import ConfigReader, Values
from .reading.rotary_config import LAYER_TYPES
from .reading.stored_tensor import StoredTensors

__all__ = ["GEMMA3", "Gemma3"]

_TEXT = ("language_model.model.", "model.language_model.")
"""What stands before names of the text's tensors in a model that sees images as well."""


class Gemma3(DecoderFamily):
    """Gemma 3, text: four norms a layer, norms of queries and keys, two bases of rotary angles."""

    model_types = ("gemma3_text", "gemma3")
    defaults: ClassVar[Values] = {
        **GEMMA2.defaults,
        "vocab_size": 262_208,
        "max_position_embeddings": 131_072,
        "rope_theta": 1_000_000.0,
        "rope_local_base_freq": 10_000.0,
        "sliding_window_pattern": 6,
        "final_logit_softcapping": None,
        "attn_logit_softcapping": None,
    }

    def read(self, reader: ConfigReader) -> DecoderConfig:
        pattern = reader.integer("sliding_window_pattern")
        types = layer_types(reader, lambda layer: (layer + 1) % pattern != 0)
        return gemma2_config(_by_layer_type(reader), types, head_norms=True)

    def tensors(self, config: DecoderConfig, stored: StoredTensors, source: str) -> StoredTensors:
        named = plus_one(super().tensors(config, _text(stored), source))
        # After a norm, its weight is what scales the queries.
        return scaled(named, ("q_norm.weight",), config.query_scale)


def _text(stored: StoredTensors) -> StoredTensors:
    """The tensors of the text, of a model that sees images as well: the others are not read."""
    prefix = next((p for p in _TEXT if any(name.startswith(p) for name in stored)), None)
    if prefix is None:
        return stored
    named = {
        f"model.{name.removeprefix(prefix)}": tensor
        for name, tensor in stored.items()
        if name.startswith(prefix)
    }
    for head in ("lm_head.weight", "language_model.lm_head.weight"):
        if head in stored:
            named["lm_head.weight"] = stored[head]
    return named


def _by_layer_type(reader: ConfigReader) -> ConfigReader:
    """With the angles of each layer type in ``rope_parameters``, as transformers 5 writes them:
    4 has two bases, and a scaling that is of full attention."""
    full, sliding = LAYER_TYPES
    bases = {full: "rope_theta", sliding: "rope_local_base_freq"}
    angles = {kind: {"rope_theta": reader.number(key, above=1.0)} for kind, key in bases.items()}
    written = reader.section("rope_parameters")
    if written is not None:
        if written.given and not any(kind in written.given for kind in bases):
            reader.refuse("rope_parameters", f"an object with {full} and {sliding}")
        for kind in bases:
            own = written.section(kind)
            angles[kind].update(own.given if own else {})
    scaling = reader.section("rope_scaling")
    angles[full].update(scaling.given if scaling else {})
    given = {**reader.given, "rope_scaling": None, "rope_parameters": angles}
    return ConfigReader(given, reader.source, reader.defaults)


GEMMA3 = Gemma3()
