# SPDX-License-Identifier: Apache-2.0
"""Loads damaged model files: each must be read, or refused in one sentence.

Usage: python scripts/fuzz_files.py [COUNT [SEED]]

COUNT files (default: 20000), in turn GGUF, ONNX, safetensors, config.json, generation_config.json,
tokenizer.json and tokenizer_config.json of a tiny model, with bytes and numbers changed, cut off,
put in or repeated. Prints what was refused, the slowest and the most memory; exits with 1 at
anything that is no ``UserError``, takes more than 20 seconds, or more than four times the file
beyond what a whole one takes.
"""

import json
import re
import shutil
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.zoo import CHECKPOINTS
from tests.frontend.exported.onnx_models import onnx_decoder, write_onnx
from tests.frontend.gguf.files import write_llama
from tests.tiny import TINY_LLAMA, tiny_decoder, write_tiny

__all__ = ["damaged", "fuzz"]

SECONDS = 20.0
SHIPPED = CHECKPOINTS["gpt2-shakespeare"]
FILES = ("model.safetensors", "config.json", "generation_config.json", "tokenizer.json",
         "tokenizer_config.json")  # fmt: skip
NUMBERS = (b"-1", b"0", b"1e999", b"NaN", b"1" * 40, b"null", b"[]", b"{}", b'"x"', b"true", b"2.5")


def damaged(whole: bytes, random: np.random.Generator, *, text: bool) -> bytes:
    """The content with one or two changes, most of them near its beginning."""
    data = bytearray(whole)
    for _ in range(int(random.integers(1, 3))):
        limit = len(data) if text or random.random() < 0.2 else min(len(data), 4096)
        at = int(random.integers(0, limit + 1))
        match 6 if text and random.random() < 0.6 else int(random.integers(0, 6)):
            case 0:
                data[at : at + 1] = random.bytes(1)
            case 1:
                data[at : at + 8] = random.bytes(8)
            case 2:
                data[at : at + 8] = int(random.integers(0, 2**63)).to_bytes(8, "little")
            case 3:
                del data[at:]
            case 4:
                data[at:at] = data[at : at + int(random.integers(1, 200))]
            case 5:
                del data[at : at + int(random.integers(1, 20))]
            case _:
                found = list(re.finditer(rb"-?\d+(\.\d+)?|true|false|null", bytes(data)))
                if found:
                    chosen = found[int(random.integers(len(found)))]
                    new = NUMBERS[int(random.integers(len(NUMBERS)))]
                    data[chosen.start() : chosen.end()] = new
    return bytes(data)


def _used(path: Path) -> None:
    """What commands do with a model before they build it."""
    model = load(path)
    if model.tokenizer is not None:
        tokens = model.tokenizer.encode("ab <|endoftext|>é")
        model.tokenizer.decode([*tokens, 5, 100_000])
        if model.tokenizer.chat_template is not None:
            model.tokenizer.chat_template.render([{"role": "user", "content": "a"}])


def _directory(folder: Path) -> Path:
    from tokenizers import ByteLevelBPETokenizer

    write_tiny(folder, vocabulary=512)
    library = ByteLevelBPETokenizer(str(SHIPPED / "vocab.json"), str(SHIPPED / "merges.txt"))
    library.add_special_tokens(["<|endoftext|>"])
    library.save(str(folder / "tokenizer.json"))
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    settings = {"chat_template": template, "bos_token": "<|endoftext|>", "eos_token": None}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [0, 5]}))
    return folder


def fuzz(count: int, seed: int = 0) -> bool:
    """Whether all of ``count`` damaged files are read or refused, in time and memory."""
    random, sound = np.random.default_rng(seed), True
    refused: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as home:
        whole_directory = _directory(Path(home) / "whole")
        whole_gguf = write_llama(
            Path(home) / "whole.gguf",
            tiny_decoder(replace(TINY_LLAMA, vocabulary=266)),
            tokenizer="llama",
        )
        whole_onnx = write_onnx(Path(home) / "whole.onnx", onnx_decoder(length=6))
        single = {"gguf": whole_gguf, "onnx": whole_onnx}
        slowest = dict.fromkeys((*single, *FILES), 0.0)
        most = dict.fromkeys(slowest, 0)
        for place in (*single.values(), whole_directory):
            _used(place)  # libraries are imported when they are first needed
        tracemalloc.start()
        least = {}
        for name in slowest:
            tracemalloc.reset_peak()
            _used(single.get(name, whole_directory))
            least[name] = tracemalloc.get_traced_memory()[1]
        for number in range(count):
            name = tuple(slowest)[number % len(slowest)]
            place = Path(home) / f"m{number}"
            if name in single:
                target = place = place.with_suffix(f".{name}")
                content = damaged(single[name].read_bytes(), random, text=False)
            else:
                shutil.copytree(whole_directory, place)
                target, whole = place / name, (whole_directory / name).read_bytes()
                content = damaged(whole, random, text=name.endswith(".json"))
            target.write_bytes(content)
            tracemalloc.reset_peak()
            begin = time.perf_counter()
            try:
                _used(place)
            except UserError as error:
                refused[name] += 1
                if "\n" in str(error):
                    print(f"{name} {number}: more than a line: {error}")
                    sound = False
            except BaseException as error:
                print(f"{name} {number}: {type(error).__name__}: {error}")
                shutil.copy(target, Path(tempfile.gettempdir()) / f"fuzz-{number}-{target.name}")
                sound = False
            slowest[name] = max(slowest[name], time.perf_counter() - begin)
            most[name] = max(most[name], tracemalloc.get_traced_memory()[1])
            if most[name] > least[name] + 4 * len(content) + (1 << 22):
                print(
                    f"{name} {number}: {most[name]:,} bytes of memory, a whole one {least[name]:,}"
                )
                sound = False
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        tracemalloc.stop()
    for name, seconds in slowest.items():
        print(
            f"{name}: {refused[name]} of {count // len(slowest)} refused, at most {seconds:.2f} s "
            f"and {most[name]:,} bytes (a whole one: {least[name]:,})"
        )
    return sound and max(slowest.values()) < SECONDS


if __name__ == "__main__":
    sys.exit(0 if fuzz(*(int(argument) for argument in sys.argv[1:3] or ("20000",))) else 1)
