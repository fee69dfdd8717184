# SPDX-License-Identifier: Apache-2.0
"""Models by name or path: named shapes, the checkpoint that ships, files of any known format."""

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn

from ..errors import UserError
from ..graph import Graph
from ..near_names import did_you_mean
from .catalog import family_of, format_of
from .exported.torch_program import TorchProgram, is_program
from .family import ArchitectureConfig, ModelFamily
from .model import Model, Origin
from .model_source import ModelSource
from .packed.note import packed_note
from .packed.scheme import PackedScheme, packed_scheme
from .packed.tensors import unpacked_tensors
from .program_files import program_in, program_model
from .reading.stored_tensor import without_wrappers
from .reading.text_file import read_text
from .shapes import SHAPES, NamedShape
from .smaller_model import with_context, with_layers
from .special_tokens import begin_token, end_tokens
from .tokenizers import Tokenizer
from .weights import CheckpointWeights, RandomWeights, Weights

__all__ = ["CHECKPOINTS", "load", "model_names"]

SHIPPED = Path(__file__).parent / "checkpoints" / "gpt2-shakespeare"
"""The checkpoint that ships with the package."""

GENERAL_TEXT = Path(__file__).parent / "text" / "general.txt"
"""Text to calibrate on that ships with the package, for models that have none of their own."""

CHECKPOINTS = {"gpt2-shakespeare": SHIPPED}
"""Named checkpoints that ship with the package."""


def model_names() -> tuple[str, ...]:
    """All names that ``load`` knows, sorted."""
    return tuple(sorted((*SHAPES, *CHECKPOINTS)))


def load(
    name_or_path: object,
    weights: str | Path | None = None,
    *,
    context: int | None = None,
    layers: int | None = None,
    calibration: str | Path | None = None,
) -> Model:
    """The model of that name, or in those files. A path that exists wins over a name.

    name_or_path: a name of `list models`; a Hugging Face directory, a GGUF file or a program of
        torch.export; files of a format that an installed package reads; an ``ExportedProgram``
    weights: a file or directory with tensors, instead of the model's own. A named shape without
        them gets seeded random weights.
    context: positions to build for; None: as many as the files say, or as a named shape has
    layers: the first ones that are used; None: all
    calibration: a file with UTF-8 text of the kind that the model is to write, on which number
        formats are measured; None: text beside the model's files, or the package's

    Raises ``UserError`` if there is no such model or its files cannot be used.
    """
    found, usual = _whole(name_or_path, weights)
    if calibration is not None:
        found = _calibrated(found, Path(calibration))
    if layers is not None:
        found = with_layers(found, layers)
    if isinstance(name_or_path, str | Path):
        source = ModelSource.of(name_or_path, weights, context, layers, calibration)
        found = replace(found, source=source)
    context = usual if context is None else context
    return found if context is None else with_context(found, context)


def _whole(name_or_path: object, weights: str | Path | None) -> tuple[Model, int | None]:
    """All of a model, and the positions that it is built for if none are asked for."""
    if is_program(name_or_path):
        _no_weights("MODEL", weights)
        return program_model(TorchProgram(name_or_path, "program"), "program", None), None
    if not isinstance(name_or_path, str | Path):
        raise UserError(
            "MODEL must be a name, a path or a program of torch.export, not of type "
            f"{type(name_or_path).__name__}",
            hint="torch.export.export(model, (tokens,)) makes a program of a module",
        )
    name, path = str(name_or_path), Path(name_or_path)
    given = None if weights is None else Path(weights)
    if given is not None and not _exists(given):
        raise UserError(f"{given}: the weights file is missing")
    if name and _exists(path):
        return _from_path(path, given), None
    if name in CHECKPOINTS:
        return _read(CHECKPOINTS[name], name, given), None
    if name in SHAPES:
        found = _named(name, SHAPES[name], given)
        return found, min(SHAPES[name].context, found.graph.context)
    _refuse(name)


def _refuse(name: str) -> NoReturn:
    known = model_names()
    raise UserError(
        f"MODEL must be one of {', '.join(known)}, or a directory, not {name!r}",
        hint=_download(name) or did_you_mean(name, known),
    )


_REPOSITORY = re.compile(r"(?:https?://(?:huggingface\.co|hf\.co)/)?([\w.-]+/[\w.-]+?)/?")


def _download(name: str) -> str | None:
    """How to get a directory from the name of its repository."""
    match = _REPOSITORY.fullmatch(name)
    if match is None or name.startswith((".", "/")):
        return None
    folder = match[1].partition("/")[2]
    return (
        f"nothing is fetched: run hf download {match[1]} --local-dir {folder} (of pip install "
        f"huggingface_hub), then name ./{folder}"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        said = str(path) if len(str(path)) <= 80 else f"{str(path)[:77]}..."
        raise UserError(f"{said}: the path must be readable, but: {error.strerror}") from None


def _from_path(path: Path, weights: Path | None) -> Model:
    name = "_".join(path.resolve().name.split()) or "model"
    try:
        if (program := program_in(path)) is not None:
            _no_weights(path, weights)
            return program_model(program, name, path.parent)
        return _read(path, name, weights)
    except UserError as error:
        if str(path) not in model_names() or error.hint is not None:
            raise
        hint = f"a path that exists wins: for the {path} of list models, rename this one"
        raise UserError(str(error), hint=hint) from None


def _no_weights(model: object, weights: object) -> None:
    if weights is not None:
        raise UserError(f"{model}: --weights must be left out: a program has weights of its own")


def _read(path: Path, name: str, weights: Path | None) -> Model:
    """The model in a file or directory; without calibration text of its own, one with a tokenizer
    takes the package's."""
    files = format_of(path)
    values, source = files.config(path), str(path / "config.json" if path.is_dir() else path)
    family = family_of(values, source)
    scheme = packed_scheme(values, source)
    config = family.read_config(values, source)
    said = {**family.defaults, **values}
    calibration, general = _calibration(path)
    try:
        graph = family.graph(name, config)
    except ValueError as error:
        raise UserError(f"{source}: {error}") from None
    found = _tensors(weights or path, graph, family, config, scheme)
    packed = () if scheme is None else (packed_note(name, scheme, found, found.packed),)
    return Model(
        name=name,
        graph=graph,
        config=config,
        weights=found,
        origin=Origin.CHECKPOINT,
        end_tokens=end_tokens(said, graph.vocabulary, source),
        begin_token=begin_token(said, graph.vocabulary, source),
        tokenizer=_tokenizer(path, config),
        calibration=calibration,
        general_calibration=general,
        heldout=files.text(path, "heldout"),
        notes=(*family.notes(name, config), *packed),
    )


def _named(name: str, shape: NamedShape, weights: Path | None) -> Model:
    """A shape with weights: those that are given, those of installed packages, random ones."""
    family, config = shape.family, shape.config
    graph = family.graph(name, config)
    given = weights
    if weights is None and shape.installed is not None:
        weights = shape.installed.file()
    found: Weights = RandomWeights(graph, additions=2 * config.layers)
    tokenizer = calibration = None
    general = False
    if weights is not None:
        found = _tensors(weights, graph, family, config)
        # A file has its tokenizer inside or beside it.
        inside = weights.is_dir() or _tokenizer(weights, config) is not None
        home = weights if inside else weights.parent
        tokenizer, (calibration, general) = _tokenizer(home, config), _calibration(home)
        if given is not None and (home / "config.json").is_file():
            _compare(name, shape, home)
    return Model(
        name=name,
        graph=graph,
        config=config,
        weights=found,
        origin=Origin.RANDOM if weights is None else Origin.CHECKPOINT,
        end_tokens=shape.end_tokens,
        begin_token=shape.begin_token,
        tokenizer=tokenizer,
        calibration=calibration,
        general_calibration=general,
        notes=family.notes(name, config),
    )


_CHOSEN = ("context",)
"""What files may have otherwise than a named shape: they may be trained further on more."""


def _compare(name: str, shape: NamedShape, home: Path) -> None:
    """Refuses weights beside a configuration of another model than the named one."""
    values, source = format_of(home).config(home), str(home / "config.json")
    found = family_of(values, source).read_config(values, source)
    if type(found) is not type(shape.config):
        raise UserError(f"{source}: the model must be {name}, not of type {values['model_type']}")
    for field in fields(shape.config):
        wanted, given = (getattr(config, field.name) for config in (shape.config, found))
        if wanted != given and field.name not in _CHOSEN:
            raise UserError(
                f"{source}: {field.name} must be {wanted} as in {name}, not {given}",
                hint=f"name {home} as the model, without --weights",
            )


def _tensors(
    path: Path,
    graph: Graph,
    family: ModelFamily[Any],
    config: ArchitectureConfig,
    scheme: PackedScheme | None = None,
) -> CheckpointWeights:
    stored = without_wrappers(format_of(path).tensors(path))
    if scheme is not None:
        stored = unpacked_tensors(stored, scheme, str(path))
    return CheckpointWeights(path, family.tensors(config, stored, str(path)), graph)


def _tokenizer(path: Path, config: ArchitectureConfig) -> Tokenizer | None:
    """The tokenizer, if there is one; one of another model is refused."""
    tokenizer = format_of(path).tokenizer(path)
    if tokenizer is not None and tokenizer.plain_size > config.vocabulary:
        raise UserError(
            f"{path}: tokenizer must have at most the {config.vocabulary} tokens of the model, "
            f"not {tokenizer.plain_size}",
            hint="the model was not resized for it, or it is of another model",
        )
    return tokenizer


def _calibrated(model: Model, file: Path) -> Model:
    """The model with a text of the user's to calibrate on."""
    if model.tokenizer is None:
        raise UserError(f"{model.name}: --calibration needs a model with a tokenizer")
    return replace(model, calibration=read_text(file), general_calibration=False)


def _calibration(path: Path) -> tuple[str | None, bool]:
    """Text, and whether it is the package's."""
    files = format_of(path)
    own = files.text(path, "calibration")
    if own is not None or files.tokenizer(path) is None:
        return own, False
    return GENERAL_TEXT.read_text(encoding="utf-8"), True
