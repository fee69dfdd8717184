# SPDX-License-Identifier: Apache-2.0
"""What families of decoders share: defaults of Hugging Face, sliding windows, names of tensors."""

from typing import Any

import pytest

from streamhw.errors import UserError
from streamhw.frontend.catalog import FAMILIES
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.frontend.decoder_family import DecoderFamily
from streamhw.frontend.llama import LLAMA
from streamhw.frontend.reading.stored_tensor import ZeroTensor

DECODERS = [kind for kind, family in FAMILIES.items() if isinstance(family, DecoderFamily)]


def read(kind: str, **values: Any) -> DecoderConfig:
    config = FAMILIES[kind].read_config(values, "config.json")
    assert isinstance(config, DecoderConfig)
    return config


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("llama", (32, 4096, 11_008, 32, 32, 128, 32_000, 2048)),
        ("mistral", (32, 4096, 14_336, 32, 8, 128, 32_000, 131_072)),
        ("qwen2", (32, 4096, 22_016, 32, 32, 128, 151_936, 32_768)),
        ("qwen3", (32, 4096, 22_016, 32, 32, 128, 151_936, 32_768)),
        ("gemma", (28, 3072, 24_576, 16, 16, 256, 256_000, 8192)),
        ("gemma3_text", (26, 2304, 9216, 8, 4, 256, 262_208, 131_072)),
    ],
)
def test_an_empty_configuration_has_the_defaults(kind: str, sizes: tuple[int, ...]) -> None:
    c = read(kind)
    found = (c.layers, c.features, c.hidden, c.heads, c.kv_heads, c.head_dim, c.vocabulary)
    assert (*found, c.context) == sizes


def test_gemma_2_as_published_is_refused() -> None:
    with pytest.raises(UserError, match=r"attn_logit_softcapping must be null, not 50\.0$"):
        read("gemma2")


@pytest.mark.parametrize(
    ("kind", "values", "windows"),
    [
        ("mistral", {"sliding_window": 8}, (8,)),
        ("mistral", {"sliding_window": 64}, ()),
        ("mistral", {"sliding_window": None}, ()),
        ("qwen2", {"sliding_window": 8}, ()),
        (
            "qwen2",
            {"sliding_window": 8, "use_sliding_window": True, "max_window_layers": 31},
            (*[None] * 31, 8),
        ),
        ("qwen2", {"sliding_window": 8, "use_sliding_window": True, "max_window_layers": 32}, ()),
        (
            "qwen2",
            {
                "sliding_window": 8,
                "use_sliding_window": True,
                "layer_types": ["full_attention", "sliding_attention"] * 16,
            },
            (None, 8),
        ),
        ("qwen3", {"sliding_window": None, "use_sliding_window": True}, ()),
        ("llama", {"sliding_window": 8}, ()),
        ("gemma3_text", {"sliding_window": 8, "num_hidden_layers": 12}, (*[8] * 5, None)),
    ],
)
def test_windows_leave_the_context_as_it_is(
    kind: str, values: dict[str, Any], windows: tuple[int | None, ...]
) -> None:
    config = read(kind, max_position_embeddings=64, **values)
    assert config.context == 64 and config.windows == windows
    assert FAMILIES[kind].notes("m", config) == ()


def test_null_sizes_follow_from_others() -> None:
    config = read("qwen3", num_key_value_heads=None, head_dim=None, num_attention_heads=64)
    assert (config.kv_heads, config.head_dim) == (64, 64)


def test_a_model_without_its_head_has_no_prefix() -> None:
    config = read("llama", num_hidden_layers=1, tie_word_embeddings=True)
    kept = ("norm.weight", "layers.0.mlp.up_proj.weight")
    constant = "layers.0.self_attn.rotary_emb.inv_freq"
    stored = {name: ZeroTensor((1,)) for name in (*kept, constant)}
    names = set(LLAMA.tensors(config, stored, "m"))
    assert names == {f"model.{name}" for name in kept}
