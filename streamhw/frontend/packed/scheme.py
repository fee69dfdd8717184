# SPDX-License-Identifier: Apache-2.0
"""How a checkpoint packs its matrices, as ``quantization_config`` says it."""

from dataclasses import dataclass
from enum import Enum

from ..reading.config_reader import ConfigReader, Values

__all__ = ["PackedScheme", "Packing", "packed_scheme"]


class Packing(Enum):
    """Where codes lie in tensors of 32-bit words."""

    GPTQ = "gptq"
    AWQ = "awq"
    COMPRESSED = "compressed-tensors"


@dataclass(frozen=True, kw_only=True)
class PackedScheme:
    """How matrices are packed.

    bits: of a code; zero_offset: what is added to zero points as they are stored
    """

    packing: Packing
    bits: int
    zero_offset: int = 0


_METHODS = ("gptq", "awq", "compressed-tensors", "auto-round")
_WIDTHS = (2, 4, 8)
_FORMATS = ("pack-quantized", "int-quantized", "naive-quantized")


def packed_scheme(values: Values, source: str) -> PackedScheme | None:
    """The scheme of a configuration; ``None`` if matrices are floats.

    Raises ``UserError`` that names the key for a method that is not known.
    """
    reader = ConfigReader(values, source).section("quantization_config")
    if reader is None:
        return None
    method = str(reader.value("quant_method")).removeprefix("intel/")
    if method not in _METHODS:
        reader.refuse("quant_method", f"one of {', '.join(_METHODS)}")
    if method == "compressed-tensors":
        return _compressed(reader)
    bits = reader.integer("bits")
    if bits not in _WIDTHS:
        reader.refuse("bits", "2, 4 or 8")
    packing = reader.value("packing_format") if method == "auto-round" else method
    if "awq" in str(packing):
        if bits != 4:
            reader.refuse("bits", "4 for AWQ")
        if str(reader.value("version") or "gemm").lower() != "gemm":
            reader.refuse("version", '"gemm"')
        return PackedScheme(packing=Packing.AWQ, bits=bits)
    # The first version stores zero points less 1.
    second = reader.value("checkpoint_format") == "gptq_v2"
    return PackedScheme(packing=Packing.GPTQ, bits=bits, zero_offset=0 if second else 1)


def _compressed(reader: ConfigReader) -> PackedScheme:
    if reader.value("format") not in _FORMATS:
        reader.refuse("format", f"one of {', '.join(_FORMATS)}")
    groups = reader.section("config_groups")
    found = []
    for name in groups.given if groups is not None else ():
        assert groups is not None
        group = groups.section(name)
        weights = None if group is None else group.section("weights")
        if weights is not None:
            if weights.value("type") not in (None, "int"):
                weights.refuse("type", '"int"')
            found.append((weights, weights.integer("num_bits")))
    if not found or any(bits != found[0][1] for _, bits in found):
        reader.refuse("config_groups", "weights of one number of bits")
    weights, bits = found[0]
    if bits not in _WIDTHS:
        weights.refuse("num_bits", "2, 4 or 8")
    return PackedScheme(packing=Packing.COMPRESSED, bits=bits)
