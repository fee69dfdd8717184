# SPDX-License-Identifier: Apache-2.0
"""Whether tests and what they test are of one checkout."""

from pathlib import Path

from .. import boards, sim
from ..errors import ToolError

__all__ = ["check_checkout"]


def check_checkout(root: Path) -> None:
    """Raises ``ToolError`` if a part of streamhw comes from another checkout than ``root``.

    One that was installed without a checkout is as good as any.
    """
    homes = {Path(str(part.__file__)).resolve().parents[1] for part in (boards, sim)}
    homes.add(Path(__file__).resolve().parents[2])
    others = [home for home in sorted(homes) if home != root.resolve()]
    if mixed := [home for home in others if (home / "pyproject.toml").is_file()]:
        raise ToolError(
            f"Tests in {root} must run with the streamhw of the same checkout, not of {mixed[0]}",
            hint=f"install it: pip install -e {root}",
        )
