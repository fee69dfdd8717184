# SPDX-License-Identifier: Apache-2.0
"""Generates what ties the C++ harness to one design: where its ports and watched nets are."""

import json

from streamhw.runtime.manifest import Manifest

__all__ = ["PREFIX", "binding"]

PREFIX = "Vtop"
"""Name of the C++ class that Verilator writes for the top."""

_HEAD = """\
#include <stdexcept>
#include <string>

#include "verilated.h"
#include "verilated_sym_props.h"
#include "{prefix}.h"

#if SAVABLE
#include "savable.h"
#endif
#include "wires.h"

namespace {{

struct Binding final : Design {{
    VerilatedContext context;
    {prefix} top;

    Binding() : top{{&context, "TOP"}} {{
        clock = WIRE(top, {clock});
        reset = WIRE(top, {reset});
        memory_reset = WIRE(top, {memory_reset});
"""

_TAIL = """\
    }

    Wire net(const char* scope, const char* name, uint32_t width) {
        const VerilatedScope* found = context.scopeFind((std::string("TOP.") + scope).c_str());
        if (!found) found = context.scopeFind(scope);
        VerilatedVar* variable = found ? found->varFind(name) : nullptr;
        const std::string escaped = std::string("\\\\") + name + " ";
        if (found && !variable) variable = found->varFind(escaped.c_str());
        if (!variable)
            throw std::runtime_error(std::string("Top must have net ") + scope + "." + name);
        if (width && variable->entBits() != width)
            throw std::runtime_error(std::string("Net ") + scope + "." + name + " must have " +
                                     std::to_string(width) + " bits, not " +
                                     std::to_string(variable->entBits()));
        return Wire{variable->datap(), static_cast<uint32_t>(variable->totalSize())};
    }

    void eval() override { top.eval(); }
#if SAVABLE
    void state(Archive& archive) override { model_state(archive, top); }
#else
    void state(Archive&) override { throw std::runtime_error("built without checkpoints"); }
#endif
};

}  // namespace

Design* make_design() { return new Binding; }
"""


def binding(manifest: Manifest, *, observed: bool) -> str:
    """The C++ text that finds ports, and with ``observed`` streams and queues, of the design."""
    text = [_HEAD.format(prefix=PREFIX, clock=manifest.clock, reset=manifest.reset,
                         memory_reset=manifest.memory_reset)]  # fmt: skip
    for port in manifest.status:
        text.append(f"        {port.removeprefix('stat_')} = WIRE(top, {port});\n")
    text.append(f"#define F(s) control.s = WIRE(top, {manifest.control}_##s);\n")
    text.append("        LITE_SIGNALS(F)\n#undef F\n")
    for memory in manifest.ports:
        text.append(
            f"        ports.emplace_back();\n"
            f"        ports.back().name = {_quoted(memory.name)};\n"
            f"        ports.back().data_bytes = {memory.data_width // 8};\n"
            f"#define F(s) ports.back().s = WIRE(top, {memory.name}_##s);\n"
            f"        AXI_SIGNALS(F)\n#undef F\n"
        )
    if observed:
        for stream in manifest.streams:
            nets = ", ".join(
                _net(manifest, net, width)
                for net, width in ((stream.payload, stream.width), (stream.valid, 1),
                                   (stream.ready, 1), (stream.offered, 1), (stream.room, 1))
            )  # fmt: skip
            text.append(
                f"        streams.push_back({{{_quoted(stream.name)}, {stream.width}, {nets}}});\n"
            )
        for queue in manifest.queues:
            net = _net(manifest, queue.level, 0)
            text.append(f"        queues.push_back({{{_quoted(queue.name)}, {net}}});\n")
    return "".join([*text, _TAIL])


def _net(manifest: Manifest, net: str, width: int) -> str:
    if not net:
        return "Wire{}"
    scope, _, name = f"{manifest.top}.{net}".rpartition(".")
    return f"net({_quoted(scope)}, {_quoted(name)}, {width})"


def _quoted(text: str) -> str:
    return json.dumps(text)
