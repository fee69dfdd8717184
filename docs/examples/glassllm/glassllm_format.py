# SPDX-License-Identifier: Apache-2.0
"""The numpy archives of the package glassllm as a file format: a small Llama with other names."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamhw.errors import UserError
from streamhw.frontend.reading.stored_tensor import ChangedTensor
from streamhw.frontend.tokenizers import Tokenizer
from streamhw.frontend.tokenizers.library_tokenizer import LibraryTokenizer

NAMES = {
    "norm1.gamma": "input_layernorm",
    "attn.W_Q": "self_attn.q_proj",
    "attn.W_K": "self_attn.k_proj",
    "attn.W_V": "self_attn.v_proj",
    "attn.W_O": "self_attn.o_proj",
    "norm2.gamma": "post_attention_layernorm",
    "ffn.W1": "mlp.gate_proj",
    "ffn.W3": "mlp.up_proj",
    "ffn.W2": "mlp.down_proj",
}
OUTSIDE = {"E": "model.embed_tokens.weight", "norm_f.gamma": "model.norm.weight"}


@dataclass(frozen=True)
class ArrayTensor:
    """An array of the archive, which is unpacked each time it is read."""

    path: Path
    name: str
    shape: tuple[int, ...]
    kind: str = "F32"

    def read(self):
        with np.load(self.path) as data:
            return data[self.name].astype(np.float32)


class GlassFormat:
    """A ``.npz`` of glassllm with its configuration inside, and its tokenizer beside it."""

    def recognizes(self, path: Path) -> bool:
        return path.suffix == ".npz"

    def config(self, path: Path):
        said = self._said(path)
        return {
            "model_type": "llama",
            "num_hidden_layers": said["n_layers"],
            "hidden_size": said["d_model"],
            "intermediate_size": self._shapes(path)["blocks.0.ffn.W1"][1],
            "num_attention_heads": said["n_heads"],
            "num_key_value_heads": said["n_kv_heads"],
            "vocab_size": said["vocab_size"],
            "max_position_embeddings": said["max_len"],
            "rms_norm_eps": said["eps"],
            "rope_theta": said["rope_base"],
            "tie_word_embeddings": True,
            "bos_token_id": 2,
            "eos_token_id": 3,
        }

    def tensors(self, path: Path):
        said = self._said(path)
        found = {}
        for name, shape in self._shapes(path).items():
            tensor = ArrayTensor(path, name, shape)
            if name in OUTSIDE:
                found[OUTSIDE[name]] = tensor
            elif name.startswith("blocks."):
                _, block, part = name.split(".", 2)
                renamed = f"model.layers.{block}.{NAMES[part]}.weight"
                heads = {"attn.W_Q": said["n_heads"], "attn.W_K": said["n_kv_heads"]}.get(part)
                change = transposed if heads is None else halves(heads)
                found[renamed] = ChangedTensor(tensor, change, shape[::-1])
        return found

    def tokenizer(self, path: Path) -> Tokenizer | None:
        file = path.with_suffix(".tokenizer.json")
        return LibraryTokenizer(source=file, make=lambda: library(file)) if file.is_file() else None

    def text(self, path: Path, role: str) -> str | None:
        return None

    def _said(self, path: Path):
        return self._read(path, lambda data: json.loads(str(data["__config__"])))

    def _shapes(self, path: Path):
        return self._read(
            path, lambda data: {name: data[name].shape for name in data if name != "__config__"}
        )

    def _read(self, path: Path, what):
        try:
            with np.load(path) as data:
                return what(data)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{path}: the file must be an archive of glassllm ({error})") from None


def transposed(values):
    """From [inputs, outputs]; a vector stays as it is."""
    return values.T


def halves(heads):
    """From rotary angles on adjacent pairs of columns to two halves of the rows of each head."""

    def change(values):
        rows = values.T.reshape(heads, -1, 2, values.shape[0])
        return rows.swapaxes(1, 2).reshape(values.shape[::-1])

    return change


def library(file: Path):
    """glassllm's pair encoding of characters in the terms of Hugging Face's library."""
    from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers
    from tokenizers import Tokenizer as Library

    said = json.loads(file.read_text(encoding="utf-8"))
    merges = [(first, second) for first, second in said["merges"]]
    special = ["<pad>", "<unk>", "<bos>", "<eos>"]
    tokens = [*special, *said["alphabet"], *(first + second for first, second in merges)]
    made = Library(
        models.BPE({text: token for token, text in enumerate(tokens)}, merges, unk_token="<unk>")
    )
    made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(" ", "▁")])
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"\n|▁*[^▁\n]+|▁+"), "isolated")
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse()])
    made.add_special_tokens([AddedToken(text, normalized=False) for text in special])
    return made


FORMAT = GlassFormat()
