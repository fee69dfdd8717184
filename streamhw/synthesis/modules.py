# SPDX-License-Identifier: Apache-2.0
"""The modules of emitted Verilog, each kind once: equal ones differ in their names only.

A generated design has hundreds of modules, most of them copies: a queue of the same width behind
every stream, a row of the same size for every pair of outputs. Synthesis of each kind once, times
its instances, gives the same counts as synthesis of all, since no tool looks across their borders.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Module", "Modules", "read_modules"]

_HEADER = re.compile(r"^module (\\\S+ |\w+)", re.MULTILINE)
_INSTANCE = re.compile(r"^  (\\\S+|\w+)\s+(\\\S+ |\w+) ?\($")
_CONNECTION = re.compile(r"^    \.(\\\S+ |\w+)\(")
_GLOBAL = re.compile(r"\\port\$\d+\$\d+ |(?<=dump_module\$)\d+")
"""Names that Amaranth and Yosys number through the whole design."""
_PORT = re.compile(r"^  (?:input|output|inout) [^;]*;$", re.MULTILINE)


@dataclass(frozen=True)
class Module:
    """A kind of module.

    name: of the first such module in the text; digest: of all that it is, whatever it is called
    text: Verilog in which it and what it contains have the names of kinds
    children: instances by kind
    parts: kinds of instances by their names
    """

    name: str
    digest: str
    text: str
    children: Mapping[str, int]
    parts: Mapping[str, str] = field(repr=False)

    @property
    def stub(self) -> str:
        """The module without content."""
        head = self.text[: self.text.index(";") + 1]
        body = "" if re.search(r"\b(input|output)\b", head) else "\n".join(_PORT.findall(self.text))
        return f"(* blackbox *)\n{head}\n{body}\nendmodule\n"


@dataclass(frozen=True)
class Modules:
    """Kinds by name, each behind those that it contains; ``top`` is the last."""

    kinds: Mapping[str, Module]
    top: str

    def instances(self) -> Counter[str]:
        """How often each kind is in the design."""
        counts = Counter({self.top: 1})
        for name in reversed(list(self.kinds)):
            for child, count in self.kinds[name].children.items():
                counts[child] += count * counts[name]
        return counts


def read_modules(verilog: str, top: str = "top") -> Modules:
    """The kinds of modules of a design that Amaranth or its Yosys wrote."""
    begins = [match.start() for match in _HEADER.finditer(verilog)]
    texts = {}
    for begin, end in zip(begins, [*begins[1:], len(verilog)], strict=True):
        text = verilog[begin:end]
        last = text.rfind("endmodule")
        if last >= 0:  # else the file is damaged, which is Yosys' to say
            text = text[: last + len("endmodule")] + "\n"
        match = _HEADER.match(text)
        assert match is not None
        texts[_plain(match[1])] = text
    reader = _Reader(texts)
    reader.read(top)
    return Modules(reader.kinds, reader.known[top].name)


def _plain(name: str) -> str:
    return name.strip().removeprefix("\\")


class _Reader:
    def __init__(self, texts: Mapping[str, str]):
        self._texts = texts
        self._names: dict[str, str] = {}  # kinds by digest
        self._ports: dict[str, dict[str, str]] = {}  # new names of numbered ports
        self.known: dict[str, Module] = {}
        self.kinds: dict[str, Module] = {}

    def read(self, name: str) -> Module:
        if name in self.known:
            return self.known[name]
        renamed: dict[str, str] = {}

        def number(match: re.Match[str]) -> str:
            old = match[0]
            new = f"\\port${len(renamed)} " if old.startswith("\\") else "0"
            return renamed.setdefault(old, new) if new != "0" else new

        lines, children, parts = [], Counter[str](), {}
        child: Module | None = None
        ports: dict[str, str] = {}
        digested = []
        for line in self._texts[name].splitlines():
            digest_line = None
            instance = _INSTANCE.match(line)
            if instance is not None and _plain(instance[1]) in self._texts:
                inner = _plain(instance[1])
                child = self.read(inner)
                ports = self._ports[inner]
                children[child.name] += 1
                parts[_plain(instance[2])] = child.name
                rest = line[instance.end(1) :]
                line = f"  \\{child.name} {rest}"
                digest_line = f"  {child.digest} {rest}"
            elif child is not None and (found := _CONNECTION.match(line)) is not None:
                port = ports.get(found[1], found[1])
                line = f"    .{port}({_GLOBAL.sub(number, line[found.end() :])}"
            else:
                child = None
                line = _GLOBAL.sub(number, line)
            lines.append(line)
            digested.append(digest_line or line)
        self._ports[name] = renamed
        head = _HEADER.match(lines[0])
        assert head is not None
        rest = lines[0][head.end() :]
        # Instances name their connections, so that the order of ports is of no account.
        content = "\n".join([*sorted(re.split(r"[(),;]\s*", rest)), *digested[1:]])
        digest = hashlib.sha256(content.encode()).hexdigest()[:24]
        kind = self._names.setdefault(digest, name)
        if kind == name:
            text = "\n".join([f"module \\{name} {rest}", *lines[1:]]) + "\n"
            self.kinds[name] = Module(name, digest, text, dict(children), parts)
        self.known[name] = self.kinds[kind]
        return self.kinds[kind]
