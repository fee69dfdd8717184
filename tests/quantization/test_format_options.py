# SPDX-License-Identifier: Apache-2.0
"""What is typed for number formats is read and written alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.errors import UserError
from streamhw.numerics.element_format import element_formats
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.format_options import format_options, parse_formats

NAMES = st.lists(st.sampled_from(("qkv", "v", "mlp_out", "logits")), unique=True)
HEADS = st.sampled_from((None, 4, 8))
TYPED = (
    st.builds(
        QuantConfig, weight_bits=st.sampled_from((4, 8)), head_bits=HEADS, wide=NAMES.map(tuple)
    )
    | st.builds(
        QuantConfig, head_bits=HEADS, rise=st.integers(1, 100).map(lambda percent: percent / 100)
    )
    | st.builds(QuantConfig, number_format=st.just("int4g32"), wide=NAMES.map(tuple))
    | st.builds(QuantConfig, number_format=st.just("int4g32m"), rise=st.just(0.05))
    | st.builds(QuantConfig, cache_bits=st.sampled_from((4, 8)), head_bits=HEADS)
)


@given(TYPED)
def test_options_of_a_configuration_say_it_again(config: QuantConfig) -> None:
    options = iter(format_options(config))
    values = dict(zip(options, options, strict=True))
    head = values.get("--head-bits")
    cache = int(values.get("--cache-bits", 8))
    assert parse_formats(values["--quant"], None if head is None else int(head), cache) == config


def test_an_installed_format_is_named() -> None:
    (name, *_) = element_formats()
    config = parse_formats(name)
    assert config == QuantConfig(number_format=name)
    assert format_options(config) == ["--quant", name]
    with pytest.raises(UserError, match="Bits of the head must come with"):
        parse_formats(name, 8)


@pytest.mark.parametrize("bound", ["", "5", "0%", "101%", "nan%", "x%", "5%%"])
def test_a_rise_is_a_percentage(bound: str) -> None:
    with pytest.raises(UserError, match="Rise of perplexity must be above 0 % and at most 100 %"):
        parse_formats(f"auto:{bound}")
    with pytest.raises(UserError, match="Rise of perplexity must be above 0 % and at most 100 %"):
        parse_formats(f"int4g64+auto:{bound}")


def test_bits_are_chosen_over_a_format_of_4_bits() -> None:
    assert parse_formats("w4a8+auto:3%") == parse_formats("auto:3%")
    for name in ("w8a8", "int8g64"):
        with pytest.raises(UserError, match="must have 4 bits a weight, not 8"):
            parse_formats(f"{name}+auto:3%")


def test_what_says_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="Number format must be one of w4a8, w8a8, auto:5%"):
        parse_formats("w3a8")
    with pytest.raises(UserError, match="Number format must be one of"):
        parse_formats("auto")
