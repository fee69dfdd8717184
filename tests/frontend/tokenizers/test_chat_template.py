# SPDX-License-Identifier: Apache-2.0
"""Chat templates: what models' files use of Jinja, and what they must not do."""

import pytest

from streamhw.errors import UserError
from streamhw.frontend.tokenizers.chat_template import ChatTemplate

MESSAGES = [{"role": "user", "content": "<a> & é"}]


def rendered(text: str) -> str:
    return ChatTemplate(source="m", text=text, begin="<s>", end="</s>").render(MESSAGES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ bos_token }}{{ messages[0]['content'] }}{{ eos_token }}", "<s><a> & é</s>"),
        (
            "{% if add_generation_prompt %}\n<|im_start|>assistant\n{% endif %}",
            "<|im_start|>assistant\n",
        ),
        (
            "{% for m in messages %}{{ m.content | trim | tojson }}{% break %}{% endfor %}",
            '"<a> & é"',
        ),
        ("  {% set ns = namespace(x=1) %}\n{% set ns.x = 2 %}{{ ns.x }}", "2"),
        ("{{ strftime_now('%Y') | length }}", "4"),
        ("{{ tools }}|{{ 'b' if tools is defined else 'a' }}", "|a"),
    ],
)
def test_rendered(text: str, said: str) -> None:
    assert rendered(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "{{ raise_exception('no system role') }}",
        "{% for %}",
        "{{ 1 / 0 }}",
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages[0].content + 1 }}",
        "{{ none.x.y }}",
        "{% for i in range(1000000000) %}a{% endfor %}",
        "{{ messages.append(1) }}",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"^m: the chat template must be usable, but: "):
        rendered(text)
