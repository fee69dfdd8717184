# SPDX-License-Identifier: Apache-2.0
"""Verilog as Yosys writes it, in the words that every reader of Verilog takes alike."""

import re

__all__ = ["portable"]

_TRIGGER = re.compile(r"^( *)reg (\\\$auto\$verilog_backend\S+) +=\s*0;$", re.MULTILINE)
"""What Yosys makes every ``always @*`` block read, so that it is evaluated at time zero."""

_IS_ZERO = re.compile(r"^( *assign .*? = )! ", re.MULTILINE)

_CASE = re.compile(
    r"^ *(?P<full>\(\* full_case .*\n *)?(?P<begin>casez) \(|^ *(?P<default>default:)"
    r"|^(?P<indent> *)(?P<end>endcase)$",
    re.MULTILINE,
)

_UNSET = re.compile(
    r"^( *)reg (?:\[\d+:0\] )?(?P<name>\\\S+|\w+) +\[(?P<last>\d+):0\];\n(?! *initial begin\b)",
    re.MULTILINE,
)
"""A memory without first values: the adapter leaves them out where all are zero."""


def portable(verilog: str) -> str:
    """The same modules in other words, where Yosys' own leave doubts.

    - A trigger gets its value by an assignment at time zero. An initial value may be there before
      the blocks begin to wait (in SystemVerilog it is), and those whose inputs rest would stay
      unknown. Only an assignment that does not block is late enough whatever runs first.
    - "x is zero" of a vector is a reduction, not a logical operation on a number.
    - A choice that does not name all values says that it does nothing for the others.
    - A memory whose words are all zero says so in a loop, not in a line for each word.
    """
    verilog = _UNSET.sub(_zeroed, verilog)
    verilog = _TRIGGER.sub(
        r"\1reg \2 ; /* verilator lint_off INITIALDLY */ initial \2 <= 0;"
        r" /* verilator lint_on INITIALDLY */",
        verilog,
    )
    return _completed(_IS_ZERO.sub(r"\1~| ", verilog))


def _zeroed(memory: re.Match[str]) -> str:
    """A memory's declaration with the loop that gives every word its first value."""
    indent, name, last = memory[1], memory["name"], memory["last"]
    label = f"\\{name.removeprefix(chr(92))}$zero "
    return (
        f"{memory[0]}{indent}initial begin : {label}\n{indent}  integer at;\n"
        f"{indent}  for (at = 0; at <= {last}; at = at + 1) {name} [at] = 0;\n{indent}end\n"
    )


def _completed(verilog: str) -> str:
    """With a default in each choice that has none and is not said to be full."""
    pieces: list[str] = []
    at = 0
    complete: list[bool] = []  # of the choices around
    for found in _CASE.finditer(verilog):
        if found["begin"]:
            complete.append(found["full"] is not None)
        elif found["default"]:
            complete[-1] = True
        elif found["end"] and not complete.pop():
            pieces += [verilog[at : found.start()], f"{found['indent']}  default: /* empty */;\n"]
            at = found.start()
    return "".join((*pieces, verilog[at:]))
