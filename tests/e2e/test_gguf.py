# SPDX-License-Identifier: Apache-2.0
"""A GGUF file on the command line: text through emitted hardware, printed byte for byte."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.frontend import load
from tests.frontend.gguf.files import write_llama
from tests.tiny import TINY_LLAMA, tiny_decoder

TEMPLATE = "{{ bos_token }}({% for m in messages %}{{ m.content }}{% endfor %})"
CHOICES = ("--quant", "w8a8", "--multipliers", "32", "--tokens", "6")


def test_text_from_a_gguf_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = tiny_decoder(replace(TINY_LLAMA, vocabulary=266))
    file = write_llama(
        tmp_path / "a[sim].gguf", model, tokenizer="llama", tokenizer__chat_template=TEMPLATE
    )
    run = ("run", str(file), *CHOICES)
    said = {}
    for name, more in {
        "fast": ("--fast", "-q"),
        "hardware": ("--check", "-q"),
        "loud": ("--fast",),
        "chat": ("--fast", "-q", "--chat"),
        "empty": ("--fast", "-q"),
    }.items():
        prompt = "" if name == "empty" else "ab é"
        assert main([*run, "--prompt", prompt, *more]) == 0
        said[name] = capfdbinary.readouterr().out
    # Random weights say bytes that are no text: they are printed as U+FFFD.
    assert said["hardware"] == said["fast"] and said["fast"].decode()
    assert said["loud"].startswith("ab é".encode() + said["fast"] + b"\n")
    assert b"integer reference" in said["loud"] and said["chat"] != said["fast"]
    tokenizer = load(file).tokenizer
    assert tokenizer is not None and tokenizer.beginning == (1,)
    assert sorted(p.name for p in (tmp_path / "build").iterdir()) == ["a[sim].gguf-sim"]
