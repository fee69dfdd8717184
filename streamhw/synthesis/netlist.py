# SPDX-License-Identifier: Apache-2.0
"""Emitted Verilog as a set of modules, with equal ones merged so that each is synthesised once."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Netlist", "parse"]

_MODULE = re.compile(
    r"^(?:\(\*[^\n]*\*\)\n)*module (?:\\(?P<odd>\S+) |(?P<plain>\w+)) ?\(.*?^endmodule$",
    re.MULTILINE | re.DOTALL,
)
_HEAD = re.compile(r"^module (?:\\\S+ |\w+)", re.MULTILINE)
_INSTANCE = re.compile(
    r"^  (?:\\(?P<odd>\S+)|(?P<plain>\w+)) +(?P<name>\\\S+|\w+) *\($", re.MULTILINE
)
_SERIAL = re.compile(r"\$auto\$verilog_backend\.cc:\d+:dump_module\$\d+")
"""A net that Yosys' Verilog writer numbers through the whole file."""


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """Modules that all differ.

    texts: Verilog of each module by name; top: name of the top
    instances: module of each submodule of the top, by the submodule's name
    """

    texts: Mapping[str, str]
    top: str
    instances: Mapping[str, str]

    @property
    def text(self) -> str:
        """The Verilog of all modules."""
        return "\n".join(self.texts.values()) + "\n"

    @cached_property
    def children(self) -> Mapping[str, Counter[str]]:
        """How often each module has which others."""
        return {
            name: Counter(kind for _, kind in _instances(text, self.texts))
            for name, text in self.texts.items()
        }

    def repeated(self, times: int) -> list[str]:
        """Modules that some module other than the top has at least so often."""
        return sorted(
            {
                child
                for name, counts in self.children.items()
                if name != self.top
                for child, count in counts.items()
                if count >= times
            }
        )

    def portions(self, number: int) -> list[list[str]]:
        """Distinct submodules of the top in ``number`` portions of about equal text."""
        portions: list[list[str]] = [[] for _ in range(number)]
        sizes = [0] * number
        costs = {name: self._size(name) for name in set(self.instances.values())}
        for name, cost in sorted(costs.items(), key=lambda item: (-item[1], item[0])):
            least = sizes.index(min(sizes))
            portions[least].append(name)
            sizes[least] += cost
        return [portion for portion in portions if portion]

    def _size(self, name: str) -> int:
        return len(self.texts[name]) + sum(
            self._size(child) * min(count, 4) for child, count in self.children[name].items()
        )


def parse(verilog: str, top: str = "top") -> Netlist:
    """The modules of a Verilog text as Yosys writes it.

    Raises ``ValueError`` if it has no module ``top``
    """
    texts = {found["odd"] or found["plain"]: found[0] for found in _MODULE.finditer(verilog)}
    if top not in texts:
        raise ValueError(f"Verilog must have a module {top}, not only {sorted(texts)[:3]}")
    merged = _Merged(texts)
    merged.representative(top)
    instances = {
        instance: merged.representative(kind) for instance, kind in _instances(texts[top], texts)
    }
    return Netlist(texts=merged.kept, top=top, instances=instances)


class _Merged:
    """Finds the modules that are equal but for names of modules, from the leaves up."""

    def __init__(self, texts: Mapping[str, str]):
        self._texts = texts
        self._known: dict[str, str] = {}
        self._by_text: dict[str, str] = {}
        self.kept: dict[str, str] = {}

    def representative(self, name: str) -> str:
        """The module that stands for ``name``."""
        if name not in self._known:
            text = _INSTANCE.sub(self._rename, self._texts[name])
            key = _SERIAL.sub("$serial", _HEAD.sub("module", text, count=1))
            kept = self._by_text.setdefault(key, name)
            if kept == name:
                self.kept[name] = text
            self._known[name] = kept
        return self._known[name]

    def _rename(self, instance: "re.Match[str]") -> str:
        kind = instance["odd"] or instance["plain"]
        if kind not in self._texts:
            return instance[0]
        return f"  \\{self.representative(kind)}  {instance['name']} ("


def _instances(text: str, modules: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and module of each instance of one of ``modules``."""
    for found in _INSTANCE.finditer(text):
        kind = found["odd"] or found["plain"]
        if kind in modules:
            yield found["name"].removeprefix("\\"), kind
