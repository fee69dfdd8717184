# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share, and the request that they describe."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ..api.answer import Checkpoints
    from ..commands.build import BuildRequest

__all__ = [
    "Commands",
    "board",
    "build_folder",
    "calibration",
    "checkpoints",
    "choices",
    "earlier",
    "model",
    "path",
    "request",
    "simulation",
    "simulator",
    "stalls",
    "talk",
    "weights",
]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def talk(parser: argparse.ArgumentParser, *, default: object = argparse.SUPPRESS) -> None:
    """Options that may stand before or after the command: the latter do not reset the former."""
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=default,
        help="tracebacks with errors, and on standard error how tools are called; -vv: what they "
        "say, too",
    )
    for names, says in (
        (("-q", "--quiet"), "print errors only; of run, the answer only"),
        (("--wide",), "tables with all columns, wider than the terminal if they must be"),
        (("--json",), "for scripts: print JSON, an object a line, and nothing else"),
    ):
        parser.add_argument(*names, action="store_true", default=default, help=says)


def path(text: str) -> Path:
    """A path that was typed; raises ``ArgumentTypeError`` for none: an empty variable of a shell is
    not the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("path must not be empty")
    return Path(text)


def model(parser: argparse.ArgumentParser, *, builds: bool = False) -> None:
    """MODEL, or BUILD_OR_MODEL."""
    of_build = "a folder that `build` wrote, " if builds else ""
    parser.add_argument(
        "model",
        metavar="BUILD_OR_MODEL" if builds else "MODEL",
        help=f"{of_build}a name (see `list models`), a Hugging Face directory, or a .gguf, .pt2 or "
        ".onnx file",
    )


def board(parser: argparse.ArgumentParser) -> None:
    """--board."""
    parser.add_argument(
        "--board", default="sim", help="a name (see `list boards`) or a .py file; default: sim"
    )


def weights(parser: argparse.ArgumentParser) -> None:
    """--weights."""
    parser.add_argument(
        "--weights",
        type=path,
        metavar="FILE_OR_DIR",
        help="safetensors to use instead of the model's own (or of random ones for a named shape)",
    )


def calibration(parser: argparse.ArgumentParser) -> None:
    """--calibration."""
    parser.add_argument(
        "--calibration",
        type=path,
        metavar="FILE",
        help="UTF-8 text like what the model is to write, to measure number formats on; default: "
        "calibration.txt beside the model's files, or text of the package",
    )


def extent(parser: argparse.ArgumentParser) -> None:
    """--context and --layers."""
    parser.add_argument(
        "--context",
        type=int,
        metavar="N",
        help="positions to build for, prompt and answer together; default: as many as the model's "
        "files say, at most 1,024 for a name",
    )
    parser.add_argument(
        "--layers",
        type=int,
        metavar="N",
        help="the first N layers only: cycles and streams are real, the text is another; "
        "default: all",
    )


def build_folder(parser: argparse.ArgumentParser) -> None:
    """BUILD."""
    parser.add_argument("folder", metavar="BUILD", type=path, help="a folder that `build` wrote")


def formats(parser: argparse._ActionsContainer, *, several: bool = False) -> None:
    """The number formats of a model, or several of them to be compared."""
    listed = (
        "w4a8, w8a8, auto:5%% (8 bits where perplexity would rise by more), or a number format of "
        "`list number-formats`; +v,logits behind a format: 8 bits for these products, "
        "+auto:5%%: for those that need them; "
    )
    if several:
        more = listed + "may be given several times; default: w8a8 and w4a8"
        parser.add_argument("--quant", action="append", metavar="FORMAT", help=more)
    else:
        parser.add_argument(
            "--quant", default="w4a8", metavar="FORMAT", help=listed + "default: w4a8"
        )
    parser.add_argument(
        "--head-bits", type=int, choices=(4, 8), help="weight bits of the head, if others differ"
    )
    parser.add_argument(
        "--cache-bits",
        type=cache_bits,
        default=8,
        metavar="BITS",
        help="bits of keys and values in memory, 8, or 4 and a scale for each 8; default: 8",
    )


def choices(parser: argparse.ArgumentParser, *, builds: bool = False) -> None:
    """What build and run share: model, board, output, and the choices of a design.

    builds: whether the folder of a build may stand in place of the model
    """
    model(parser, builds=builds)
    board(parser)
    weights(parser)
    calibration(parser)
    extent(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=path,
        metavar="DIR",
        help="build folder; default: build/MODEL-BOARD",
    )
    design = parser.add_argument_group("choices of the design")
    formats(design)
    design.add_argument(
        "--token-batch", type=int, metavar="TOKENS", help="tokens of a step; default: the board's"
    )
    design.add_argument(
        "--multipliers",
        type=int,
        metavar="N",
        help="of the matrix engine, a power of two; default: the board's",
    )
    design.add_argument(
        "--sharing",
        default="all",
        metavar="HOW",
        help="all matrix products on one engine, each on its own (none), N engines, or the "
        "products of each engine by name (qkv+hidden,mlp_out); default: all",
    )
    design.add_argument(
        "--fifo",
        choices=("normal", "conservative"),
        default="normal",
        help="FIFOs that cost no cycle, or smaller ones for streams as slow as the slowest; "
        "default: normal",
    )
    design.add_argument(
        "--design",
        type=path,
        metavar="FILE",
        help="a best.json that explore wrote: the engines and all sizes",
    )
    design.add_argument(
        "--pin",
        action="append",
        default=[],
        type=pin,
        metavar="PART=DIE",
        help="puts a part on a die of the board; may be given several times",
    )
    design.add_argument(
        "--fusion",
        choices=("greedy", "optimal"),
        default="optimal",
        help="which values between kernels go through external memory if not all fit on chip: as "
        "a simple pass finds them, or the fewest bytes; default: optimal",
    )
    design.add_argument(
        "--on-chip-bits",
        type=int,
        metavar="BITS",
        help="memory for values between kernels; default: what the board has",
    )


def earlier(parser: argparse.ArgumentParser) -> None:
    """What build and run share: decisions of an earlier build."""
    group = parser.add_argument_group("decisions of an earlier build")
    group.add_argument(
        "--from",
        dest="begin",
        metavar="STAGE",
        help="take over what the stages before this one decided, and decide anew from here",
    )
    group.add_argument(
        "--decisions",
        type=path,
        metavar="BUILD_OR_FILE",
        help="where they are: a build or its decisions.json, which may be edited; without --from, "
        "all that is in it is obeyed; default with --from: the build folder",
    )


def stalls(parser: argparse.ArgumentParser) -> None:
    """--stalls and --seed."""
    parser.add_argument(
        "--stalls",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="hold back every memory channel at random in this share of cycles",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the stalls; default: 0")


def simulator(parser: argparse.ArgumentParser) -> None:
    """The memory's model, and threads."""
    parser.add_argument(
        "--memory",
        metavar="NAME",
        help="the memory system at the ports (see `list memories`); default: the board's",
    )
    parser.add_argument(
        "--threads",
        type=int,
        choices=range(1, 17),
        metavar="N",
        help="of the simulator, 1 to 16, each of which needs a free processor; default: 2 for "
        "large designs, else 1",
    )


def simulation(parser: argparse.ArgumentParser) -> None:
    """What commands that simulate whole answers share: as above, and checkpoints."""
    simulator(parser)
    parser.add_argument(
        "--checkpoint",
        type=path,
        metavar="FILE",
        help="keep the state of the simulation there, from time to time",
    )
    parser.add_argument(
        "--every",
        type=int,
        default=1_000_000,
        metavar="CYCLES",
        help="from one checkpoint to the next; default: 1000000",
    )
    parser.add_argument(
        "--resume",
        type=path,
        metavar="FILE",
        help="go on from a checkpoint of a run with the same options",
    )


def checkpoints(chosen: argparse.Namespace) -> "Checkpoints":
    """What ``simulation`` typed of checkpoints."""
    from ..api.answer import Checkpoints

    return Checkpoints(file=chosen.checkpoint, every=chosen.every, resume=chosen.resume)


def pin(text: str) -> tuple[str, str]:
    """Part and die of ``--pin``; raises ``ArgumentTypeError`` for anything else."""
    part, equals, die = text.partition("=")
    if not (part and equals and die):
        raise argparse.ArgumentTypeError(f"pin must be PART=DIE, not {text!r}")
    return part, die


def cache_bits(text: str) -> int:
    """Bits of ``--cache-bits``; raises ``ArgumentTypeError`` for anything but 4 and 8."""
    if text not in ("4", "8"):
        raise argparse.ArgumentTypeError(f"bits must be 4 or 8, not {text}")
    return int(text)


def request(chosen: argparse.Namespace) -> "BuildRequest":
    """What ``choices`` were typed."""
    from ..commands.build import BuildRequest
    from ..compiler.config import BuildConfig, Equalization, Fusion, parse_sharing
    from ..compiler.explore.design_point import read_choice
    from ..quantization.format_options import parse_formats

    config = BuildConfig(
        quantization=parse_formats(chosen.quant, chosen.head_bits, chosen.cache_bits),
        sharing=parse_sharing(chosen.sharing),
        equalization=Equalization(chosen.fifo),
        token_batch=chosen.token_batch,
        multipliers=chosen.multipliers,
        pins=tuple(chosen.pin),
        fusion=Fusion(chosen.fusion),
        on_chip_bits=chosen.on_chip_bits,
    )
    if chosen.design is not None:
        config = read_choice(chosen.design).config(config)
    return BuildRequest(
        model=chosen.model,
        board=chosen.board,
        weights=chosen.weights,
        context=chosen.context,
        layers=chosen.layers,
        calibration=chosen.calibration,
        output=chosen.output,
        begin=getattr(chosen, "begin", None),
        source=getattr(chosen, "decisions", None),
        config=config,
    )
