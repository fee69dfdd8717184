# SPDX-License-Identifier: Apache-2.0
"""Text from a card with the kernel of a build: answer.py BUILD XCLBIN --prompt TEXT.

Needs streamhw, and libcard.so beside this file (make host).
"""

import argparse
import json
from pathlib import Path

from streamhw.api.prompt import read_prompt
from streamhw.frontend import load
from streamhw.runtime.driver import generate
from streamhw.runtime.manifest import Manifest
from streamhw.runtime.xrt.card import LibraryCard
from streamhw.runtime.xrt.device import XrtDevice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path, help="folder with manifest.json and memory.bin")
    parser.add_argument("xclbin", type=Path)
    parser.add_argument("--prompt", required=True, help="token numbers, or text with --model")
    parser.add_argument("--model", help="of the build, for its tokenizer")
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--card", type=int, default=0, help="number of the card, as of xrt-smi")
    asked = parser.parse_args()

    manifest = Manifest.load(asked.build)
    here = Path(__file__).parent
    known = json.loads((here / "card.json").read_text())
    library = here / "libcard.so"
    with LibraryCard(library, asked.xclbin, kernel=known["kernel"], index=asked.card) as card:
        device = XrtDevice(manifest, card, banks=known["banks"])
        device.load((asked.build / str(manifest.memory.image)).read_bytes())
        if asked.model is None:
            tokens = [int(token) for token in asked.prompt.split()]
            for token in generate(device, tokens, count=asked.tokens):
                print(token.token, flush=True)
            return
        model = load(asked.model)
        prompt = read_prompt(asked.prompt, model)
        stream = prompt.stream()
        answer = generate(device, prompt.tokens, count=asked.tokens, ends=model.end_tokens)
        for token in answer:
            print(stream.feed(token.token), end="", flush=True)
        print(stream.end())


if __name__ == "__main__":
    main()
