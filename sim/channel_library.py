# SPDX-License-Identifier: Apache-2.0
"""Compiles the channel of a package to a library, which any compiled simulation can load."""

import hashlib
import subprocess
from pathlib import Path

from streamhw.boards.memory.cpp_channel import CppChannel
from streamhw.cache import default_cache
from streamhw.errors import ToolError
from streamhw.tool_log import log_call, log_output

from .cpp_compiler import COMPILE, find_compiler, first_error, machine
from .kept_folder import is_kept, keep, working

__all__ = ["channel_library"]

HARNESS = Path(__file__).parent / "harness"
HEADERS = ("archive.h", "memory_channel.h")
"""What the header of a channel may include of the harness, besides ``numbers.h``."""

LIBRARY = "channel.so"

_NUMBERS = """\
#pragma once
#include <cstdint>
struct Numbers {{
{fields}}};
"""

_MAKE = """\
#include <cstring>
#include <type_traits>

#include "memory_channel.h"
#include "numbers.h"
#include "{file}"

static_assert(std::is_base_of_v<MemoryChannel, {name}>, "{name} must derive from MemoryChannel");

extern "C" __attribute__((visibility("default")))
MemoryChannel* make_channel(const int64_t* numbers, const ChannelPort* port) {{
    Numbers given{{}};
    std::memcpy(&given, numbers, {bytes});
    return new {name}(given, *port);
}}
"""


def channel_library(channel: CppChannel, *, cache: Path | None = None) -> Path:
    """The library with the channel's class, from the cache if the header is the same.

    The values of the numbers are no part of it.

    Raises ``ToolError`` with the compiler's first error if the header does not compile.
    """
    compiler = find_compiler()
    cache = cache or default_cache()
    fields = "".join(f"    int64_t {name};\n" for name in channel.numbers)
    make = _MAKE.format(file=channel.file, name=channel.class_name, bytes=8 * len(channel.numbers))
    texts = {
        **{name: (HARNESS / name).read_text() for name in HEADERS},
        "numbers.h": _NUMBERS.format(fields=fields),
        "channel.cpp": make,
        channel.file: channel.source,
    }
    flags = [*COMPILE, *([] if compiler.is_clang else ["-fno-gnu-unique"]), "-shared"]
    digest = hashlib.sha256()
    for part in (compiler.identity, machine(), *flags, *texts, *texts.values()):
        content = part.encode()
        digest.update(len(content).to_bytes(8, "little") + content)
    folder = cache / f"channel-{digest.hexdigest()[:24]}"
    if is_kept(folder):
        return folder / LIBRARY
    with working(cache) as work:
        for name, text in texts.items():
            (work / name).write_text(text)
        product = work / "product"
        product.mkdir()
        command = [*compiler.command, *flags, "channel.cpp", "-o", str(product / LIBRARY)]
        # In the folder, so that the compiler names the header as its package does.
        log_call(command)
        result = subprocess.run(command, cwd=work, capture_output=True, text=True, errors="replace")
        log_output(result.stdout, result.stderr)
        if result.returncode != 0:
            raise ToolError(
                f"Channel {channel.class_name} of a memory system must compile, not fail with "
                f"{first_error(result.stderr)}"
            )
        keep(product, folder)
    return folder / LIBRARY
