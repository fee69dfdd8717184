# SPDX-License-Identifier: Apache-2.0
"""Damaged GGUF files are refused in one sentence, in bounded time and memory."""

import struct
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.gguf.reader import read_gguf
from tests.frontend.gguf.files import write_llama
from tests.tiny import TINY_LLAMA, tiny_decoder

HEADER = b"GGUF" + struct.pack("<I", 3)
REFUSED = "the file must be a whole GGUF file, but "


def text(words: str) -> bytes:
    return struct.pack("<Q", len(words)) + words.encode()


def tensor(
    name: str = "a", *, shape: tuple[int, ...] = (4,), kind: int = 0, offset: int = 0
) -> bytes:
    return (
        text(name)
        + struct.pack("<I", len(shape))
        + struct.pack(f"<{len(shape)}Q", *shape)
        + struct.pack("<IQ", kind, offset)
    )


def counted(tensors: int, entries: int) -> bytes:
    return HEADER + struct.pack("<QQ", tensors, entries)


DAMAGED = {
    "empty": (b"", "it has 0 bytes"),
    "short": (b"GGU", "it has 3 bytes"),
    "other": (b"PK\x03\x04" + bytes(100), "it does not begin with GGUF"),
    "version 1": (b"GGUF" + struct.pack("<I", 1) + bytes(100), "its version is 1"),
    "big endian": (b"GGUF" + struct.pack(">I", 3) + bytes(100), "its version is 50331648"),
    "header only": (HEADER, "it ends too early"),
    "many tensors": (counted(1 << 63, 0) + bytes(99), "parts, and it ends too early"),
    "a million tensors": (counted(1_000_000, 0) + bytes(30_000_000), "1000000 tensors and 0"),
    "many entries": (counted(0, 1 << 40), "parts, and it ends too early"),
    "long text": (counted(0, 1) + struct.pack("<Q", 1 << 62) + bytes(50), "and it ends too early"),
    "unknown type": (counted(0, 1) + text("a") + struct.pack("<IQ", 99, 0), "unknown type 99"),
    "long list": (
        counted(0, 1) + text("a") + struct.pack("<IIQ", 9, 8, 1 << 40),
        "and it ends too early",
    ),
    "list of lists": (
        counted(0, 1) + text("a") + struct.pack("<IIQ", 9, 9, 0),
        "a list of the unknown type 9",
    ),
    "twice": (counted(0, 2) + (text("a") + struct.pack("<IQ", 10, 1)) * 2, "'a' twice"),
    "alignment": (
        counted(0, 1) + text("general.alignment") + struct.pack("<II", 4, 0) + bytes(32),
        "general.alignment is 0",
    ),
    "no dimension": (counted(1, 0) + tensor(shape=()) + bytes(64), "has 0 dimensions"),
    "dimensions": (counted(1, 0) + tensor(shape=(1,) * 9) + bytes(64), "has 9 dimensions"),
    "zero": (counted(1, 0) + tensor(shape=(0, 4)) + bytes(64), "has the shape [4, 0]"),
    "huge": (counted(1, 0) + tensor(shape=(1 << 40, 1 << 40)) + bytes(64), "beyond its end"),
    "block": (counted(1, 0) + tensor(shape=(33,), kind=2) + bytes(64), "has the shape [33]"),
    "kind": (counted(1, 0) + tensor(kind=4) + bytes(64), "has the unknown type 4"),
    "offset": (counted(1, 0) + tensor(offset=1 << 62) + bytes(64), "goes beyond its end"),
    "two": (counted(2, 0) + tensor() * 2 + bytes(64), "the tensor 'a' twice"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(tmp_path: Path, name: str) -> None:
    content, words = DAMAGED[name]
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        read_gguf(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: {REFUSED}") and words in message and "\n" not in message


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_gguf(tmp_path / "none.gguf")
    with pytest.raises(UserError, match=f"{REFUSED}it is none"):
        read_gguf(tmp_path)


def test_a_whole_file(tmp_path: Path) -> None:
    file = read_gguf(write_llama(tmp_path / "m.gguf", tiny_decoder(), tokenizer="llama"))
    assert file.metadata["llama.attention.layer_norm_rms_epsilon"] == 1e-5
    assert file.tensors["blk.1.ffn_down.weight"].shape == (32, 64)
    kinds = file.metadata["tokenizer.ggml.token_type"]
    assert isinstance(kinds, np.ndarray) and kinds.dtype == np.int32


def test_random_damage_is_refused_or_read(tmp_path: Path) -> None:
    """Hundreds of files with bytes changed, cut off or put in: none crashes, hangs or grows."""
    whole = write_llama(
        tmp_path / "whole.gguf",
        tiny_decoder(replace(TINY_LLAMA, vocabulary=266)),
        tokenizer="llama",
    ).read_bytes()
    header = whole.index(b"output_norm.weight") + 200
    random = np.random.default_rng(0)
    path = tmp_path / "m.gguf"
    tracemalloc.start()
    slowest = refused = 0.0
    for _ in range(300):
        data = bytearray(whole)
        for _change in range(random.integers(1, 4)):
            at = int(random.integers(0, header))
            kind = random.integers(0, 4)
            if kind == 0:
                data[at] = int(random.integers(0, 256))
            elif kind == 1:
                data[at : at + 8] = random.bytes(8)
            elif kind == 2:
                del data[int(random.integers(0, len(data))) :]
            else:
                data[at:at] = random.bytes(int(random.integers(1, 9)))
            header = min(header, len(data))
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        begin = time.perf_counter()
        try:
            model = load(path)
            if model.tokenizer is not None:
                model.tokenizer.decode(model.tokenizer.encode("ab é"))
        except UserError as error:
            refused += 1
            assert "\n" not in str(error)
        slowest = max(slowest, time.perf_counter() - begin)
        header = whole.index(b"output_norm.weight") + 200
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 100 < refused < 300 and slowest < 20
    assert peak < 4 * len(whole) + (20 << 20), peak
