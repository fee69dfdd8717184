# SPDX-License-Identifier: Apache-2.0
"""Tokenizers of Hugging Face directories: tokenizer.json, settings, chat templates."""

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.processors import TemplateProcessing

from streamhw.errors import UserError
from streamhw.frontend.tokenizers import Tokenizer as AnyTokenizer
from streamhw.frontend.tokenizers import directory_tokenizer
from streamhw.frontend.zoo import CHECKPOINTS

SHAKESPEARE = CHECKPOINTS["gpt2-shakespeare"]
SENTENCES = decoders.Sequence(
    [
        decoders.Replace("▁", " "),
        decoders.ByteFallback(),
        decoders.Fuse(),
        decoders.Strip(" ", 1, 0),
    ]
)


def byte_level() -> Tokenizer:
    """The shipped vocabulary as tokenizer.json has it, with added tokens."""
    library = Tokenizer(
        models.BPE.from_file(str(SHAKESPEARE / "vocab.json"), str(SHAKESPEARE / "merges.txt"))
    )
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    library.add_special_tokens(["<|endoftext|>", "<|user|>"])
    library.add_tokens([AddedToken("été !", normalized=False)])
    return library


def sentence_pieces() -> Tokenizer:
    """A small vocabulary as Llama's: pieces with a mark for the space, and single bytes."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += ["▁", "a", "b", "é", "▁a", "ab", "▁ab", "▁▁"]
    merges = [("▁", "a"), ("a", "b"), ("▁a", "b"), ("▁", "ab"), ("▁", "▁")]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    library = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    library.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    library.decoder = SENTENCES
    library.add_special_tokens(["<unk>", "<s>", "</s>"])
    library.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return library


def saved(folder: Path, library: Tokenizer, **settings: object) -> AnyTokenizer:
    folder.mkdir(parents=True, exist_ok=True)
    library.save(str(folder / "tokenizer.json"))
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    found = directory_tokenizer(folder)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[AnyTokenizer, Tokenizer]]:
    home = tmp_path_factory.mktemp("kinds")
    metaspace = sentence_pieces()
    metaspace.normalizer = None
    metaspace.pre_tokenizer = pre_tokenizers.Metaspace()
    metaspace.decoder = decoders.Metaspace()
    words = Tokenizer(models.WordLevel({"a": 0, "b": 1, "<unk>": 2}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    made = {"bytes": byte_level(), "pieces": sentence_pieces(), "space": metaspace, "words": words}
    return {name: (saved(home / name, library), library) for name, library in made.items()}


@given(data=st.data())
@pytest.mark.parametrize("kind", ["bytes", "pieces", "space", "words"])
def test_text_is_what_the_library_decodes(
    kinds: dict[str, tuple[AnyTokenizer, Tokenizer]], kind: str, data: st.DataObject
) -> None:
    tokenizer, library = kinds[kind]
    text = data.draw(st.text("ab é\n€") if kind == "pieces" else st.text("ab "))
    tokens = tokenizer.encode(text)
    assert tokens == library.encode(text, add_special_tokens=False).ids
    stream = tokenizer.stream()
    said = "".join([*map(stream.feed, tokens), stream.end()])
    assert said == library.decode(tokens)


@given(tokens=st.lists(st.integers(0, 270)))
def test_a_stream_is_the_whole_text(
    kinds: dict[str, tuple[AnyTokenizer, Tokenizer]], tokens: list[int]
) -> None:
    for tokenizer, _ in kinds.values():
        stream = tokenizer.stream(control=True)
        assert "".join([*map(stream.feed, tokens), stream.end()]) == tokenizer.decode(tokens)


def test_added_tokens(kinds: dict[str, tuple[AnyTokenizer, Tokenizer]]) -> None:
    tokenizer, _ = kinds["bytes"]
    assert tokenizer.size == 514
    assert tokenizer.encode("<|user|>été !<|endoftext|>") == [512, 513, 0]
    assert tokenizer.decode([512, 513, 0]) == "<|user|>été !<|endoftext|>"
    stream = tokenizer.stream()
    assert [stream.feed(token) for token in (512, 513, 0)] == ["", "été !", ""]


def test_tokens_before_a_prompt(kinds: dict[str, tuple[AnyTokenizer, Tokenizer]]) -> None:
    assert kinds["pieces"][0].beginning == (1,) and kinds["bytes"][0].beginning == ()


def test_bytes_that_become_a_character(kinds: dict[str, tuple[AnyTokenizer, Tokenizer]]) -> None:
    tokenizer, _ = kinds["pieces"]
    euro = [3 + byte for byte in "€".encode()]
    stream = tokenizer.stream()
    assert [stream.feed(token) for token in euro] == ["", "", "€"] and stream.end() == ""
    assert tokenizer.decode(euro[:2]) == "\N{REPLACEMENT CHARACTER}"


def test_a_directory_without_a_tokenizer(tmp_path: Path) -> None:
    assert directory_tokenizer(tmp_path) is None


def test_one_file_of_two(tmp_path: Path) -> None:
    shutil.copy(SHAKESPEARE / "vocab.json", tmp_path)
    assert directory_tokenizer(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"model": {"type": "BPE"}}', "\ufeff"])
def test_a_damaged_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokenizer.json").write_text(text)
    tokenizer = directory_tokenizer(tmp_path)
    assert tokenizer is not None
    where = re.escape(str(tmp_path / "tokenizer.json"))
    with pytest.raises(UserError, match=f"^{where}: the tokenizer cannot be read"):
        tokenizer.encode("a")


def test_a_decoder_that_is_not_known(tmp_path: Path) -> None:
    library = byte_level()
    library.decoder = decoders.CTC()
    with pytest.raises(UserError, match=r"the decoder must be of ByteFallback, .* not CTC$"):
        saved(tmp_path, library).decode([5])


def test_chat_templates(tmp_path: Path) -> None:
    template = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    messages = [{"role": "user", "content": "a"}]
    begin = {"content": "<s>", "special": True}
    for number, settings in enumerate(
        (
            {"chat_template": template, "bos_token": "<s>"},
            {"chat_template": [{"name": "default", "template": template}], "bos_token": begin},
        )
    ):
        chat = saved(tmp_path / str(number), byte_level(), **settings).chat_template
        assert chat is not None and chat.render(messages) == "<s>[user]a"
    (tmp_path / "0" / "chat_template.jinja").write_text("{{ messages[0].content }}!")
    found = directory_tokenizer(tmp_path / "0")
    assert found is not None and found.chat_template is not None
    assert found.chat_template.render(messages) == "a!"
    assert saved(tmp_path / "none", byte_level(), bos_token="<s>").chat_template is None


@pytest.mark.parametrize("text", ["{", "[]"])
def test_damaged_settings(tmp_path: Path, text: str) -> None:
    byte_level().save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(text)
    with pytest.raises(UserError, match=r"tokenizer_config\.json: the file must "):
        directory_tokenizer(tmp_path)
