# SPDX-License-Identifier: Apache-2.0
"""Compares tokenizers of GGUF files with llama.cpp's test vectors.

Usage: python scripts/check_vocabularies.py FOLDER

FOLDER is ``vendor/llama.cpp/models`` of the source distribution of PyPI's ``llama-cpp-python``:

    pip download --no-binary :all: --no-deps llama-cpp-python==0.3.36

It has ``ggml-vocab-NAME.gguf``, texts in ``.gguf.inp`` and their tokens in ``.gguf.out``.
"""

import sys
from pathlib import Path

from streamhw.errors import UserError
from streamhw.frontend.gguf_format import GGUF

__all__ = ["check"]

_BETWEEN = "\n__ggml_vocab_test__\n"


def check(folder: Path) -> bool:
    """Prints a line for each vocabulary that has vectors; returns whether all known ones agree."""
    agree = True
    for file in sorted(folder.glob("ggml-vocab-*.gguf")):
        said, wanted = file.with_suffix(".gguf.inp"), file.with_suffix(".gguf.out")
        if not said.is_file():
            continue
        try:
            tokenizer = GGUF.tokenizer(file)
        except UserError as error:
            print(f"{file.name}: refused: {error}")
            continue
        assert tokenizer is not None
        texts = said.read_text(encoding="utf-8").split(_BETWEEN)[:-1]
        lines = wanted.read_text(encoding="utf-8").splitlines()
        wrong = []
        for text, line in zip(texts, lines, strict=True):
            found = tokenizer.encode(text)
            if found != [int(word) for word in line.split()]:
                wrong.append(f"{text!r}: {found}, not {line}")
        print(
            f"{file.name}: {len(texts) - len(wrong)} of {len(texts)} texts agree",
            *wrong,
            sep="\n  ",
        )
        agree = agree and not wrong
    return agree


if __name__ == "__main__":
    sys.exit(0 if check(Path(sys.argv[1])) else 1)
