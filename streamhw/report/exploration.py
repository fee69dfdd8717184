# SPDX-License-Identifier: Apache-2.0
"""What ``explore`` found, as far as a report shows it: ``front.json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..compiler.ir.json_codec import decode
from ..compiler.mapping.engine_tiling import EngineTiling
from ..errors import UserError
from ..json_file import load_json

__all__ = ["FRONT_FILE", "Front", "FrontPoint"]

FRONT_FILE = "front.json"
BESIDE = "-exploration"
"""What the folder of an exploration is called behind the name of a build's."""


@dataclass(frozen=True, kw_only=True)
class FrontPoint:
    """A design: cycles until the first token, of each further one, cells, and its sizes in words.

    share: of the board's budget, the kind of cell that most is used of; origin: who proposed it
    """

    number: int
    origin: str
    prompt: float
    token: float
    luts: int
    dsps: int
    block_ram: int
    share: float
    engines: str


@dataclass(frozen=True, kw_only=True)
class Front:
    """Designs that no other one beats, the best of them for a goal, and those of simple rules."""

    model: str
    board: str
    clock_mhz: float
    goal: str
    trials: int
    exact: bool
    best: FrontPoint
    compared: tuple[FrontPoint, ...]
    points: tuple[FrontPoint, ...]

    @classmethod
    def load(cls, folder: Path) -> "Front | None":
        """The exploration in a build's folder or beside it; None if there is none.

        Raises ``UserError`` if the file is damaged.
        """
        home = folder.absolute()
        for file in (home / FRONT_FILE, home.with_name(home.name + BESIDE) / FRONT_FILE):
            try:
                data = load_json(file)
                return cls(
                    model=str(data["model"]),
                    board=str(data["board"]),
                    clock_mhz=float(data["clock_mhz"]),
                    goal=str(data["goal"]["objective"]),
                    trials=int(data["trials"]),
                    exact=bool(data["is_exact"]),
                    best=_point(data["best"]),
                    compared=tuple(map(_point, data["compared"])),
                    points=tuple(map(_point, data["front"])),
                )
            except FileNotFoundError:
                continue
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                raise UserError(
                    f"File {file} must be what `explore` wrote, but: {error!r}",
                    hint="delete it, or explore again",
                ) from None
        return None


def _point(row: Mapping[str, Any]) -> FrontPoint:
    score, tiling = row["score"], row["choice"]["tiling"]
    engines = (
        f"{name} {decode(EngineTiling, sizes, name)}" for name, sizes in tiling["engines"].items()
    )
    return FrontPoint(
        number=int(row["number"]),
        origin=str(row["origin"]),
        prompt=float(score["prompt"]),
        token=float(score["token"]),
        luts=int(score["luts"]),
        dsps=int(score["dsps"]),
        block_ram=int(score["block_ram"]),
        share=float(score["share"]),
        engines=f"{'; '.join(engines)}; {tiling['token_batch']} tokens, {tiling['lanes']} lanes",
    )
