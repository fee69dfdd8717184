# SPDX-License-Identifier: Apache-2.0
"""Tcl as far as generated scripts need it: commands and their words, by the rules of Tcl(n)."""

__all__ = ["TclError", "commands", "words"]

CLOSING = {"{": "}", "[": "]", '"': '"'}


class TclError(ValueError):
    """Braces, brackets or quotes that do not match, or something right behind one."""


def commands(text: str) -> list[list[str]]:
    """The words of each command; braces and quotes around a word are taken away."""
    return [found for line in _split(text, "\n;") if (found := words(line))]


def words(text: str) -> list[str]:
    """The words of a command, or the elements of a list."""
    return [_bare(word) for word in _split(text, " \t\n")]


def _bare(word: str) -> str:
    return word[1:-1] if word[0] in '{"' else word


def _split(text: str, separators: str) -> list[str]:
    """Parts between separators that are in no braces, brackets or quotes; without comments."""
    text = text.replace("\\\n", " ")
    parts, begin, at = [], 0, 0
    inside: list[str] = []
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if not inside and ";" in separators and char == "#" and not text[begin:at].strip():
            at = begin = text.find("\n", at) % (len(text) + 1)
            continue
        if inside and char == inside[-1]:
            inside.pop()
            behind = text[at + 1 : at + 2]
            if not inside and char in '}"' and behind.strip() and behind not in ";]":
                raise TclError(f"something right behind {char}: {text[at - 20 : at + 20]!r}")
        elif char in CLOSING and (not inside or inside[-1] != "}" or char == "{"):
            # A quote is one at the begin of a word alone; in braces nothing but braces counts.
            starts = not text[begin:at].strip() or text[at - 1] in " \t\n"
            if char != '"' or (starts and '"' not in inside):
                inside.append(CLOSING[char])
        elif not inside and char in "}]":
            raise TclError(f"{char} that closes nothing: {text[max(0, at - 20) : at + 20]!r}")
        elif not inside and char in separators:
            parts.append(text[begin:at])
            begin = at + 1
        at += 1
    if inside:
        raise TclError(f"{inside[-1]} is missing at the end")
    parts.append(text[begin:])
    return [part.strip() for part in parts if part.strip()]
