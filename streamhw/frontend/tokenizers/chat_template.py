# SPDX-License-Identifier: Apache-2.0
"""Chat templates: Jinja that turns messages into the prompt that a model was trained on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...errors import UserError

__all__ = ["ChatTemplate"]


@dataclass(frozen=True, kw_only=True)
class ChatTemplate:
    """source: where it comes from, for messages; text: Jinja
    begin, end: the texts of the tokens that begin and end a text"""

    source: str
    text: str = field(repr=False)
    begin: str = ""
    end: str = ""

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The prompt after which the model answers.

        messages: each with its ``role`` and ``content``

        Raises ``UserError`` if the template is damaged or refuses the messages.
        """
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        jinja = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        jinja.filters["tojson"] = _json
        jinja.globals["raise_exception"] = _refuse
        jinja.globals["strftime_now"] = lambda layout: datetime.now().strftime(layout)
        try:
            return jinja.from_string(self.text).render(
                messages=list(messages),
                add_generation_prompt=True,
                bos_token=self.begin,
                eos_token=self.end,
            )
        # Jinja's own errors, and whatever a wrong expression raises inside it.
        except (
            ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError,
            ValueError, TemplateError,
        ) as error:  # fmt: skip
            raise UserError(
                f"{self.source}: the chat template must be usable, but: {error}"
            ) from None


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> None:
    raise ValueError(message)
