# SPDX-License-Identifier: Apache-2.0
"""The text form of a graph: one node a line with its shape; parses back to an equal graph.

::

    graph tiny context=8 vocabulary=16
    tokens = Input(role='tokens')() : [n]
    x0 = Gather(table='wte', rows=16, features=4, scale=1.0)(tokens) : [n, 4]
    loop blocks = 2 times x from x0 : [n, 4]
      norm = LayerNorm(features=4, epsilon=1e-05, weight='{layer}.g', bias='{layer}.b')(x) : [n, 4]
      x1 = Add()(x, norm) : [n, 4]
    yield x1
    last = LastToken()(blocks) : [1, 4]
"""

import ast
import re
from collections.abc import Sequence

from .graph import Graph
from .node import Node, RolledLoop
from .ops import OPS
from .ops.op import Op, print_shape

__all__ = ["parse_graph", "print_graph"]

_HEAD = re.compile(r"graph (?P<name>\S+) context=(?P<context>\d+) vocabulary=(?P<vocabulary>\d+)")
_LOOP = re.compile(
    r"loop (?P<name>\w+) = (?P<trips>\d+) times (?P<carried>\w+) from (?P<source>\w+)"
    r" : (?P<shape>\[.*\])"
)
_YIELD = re.compile(r"yield (?P<result>\w+)")
_NODE = re.compile(r"(?P<name>\w+) = (?P<op>\w+\(.*\))\((?P<inputs>[\w, ]*)\) : (?P<shape>\[.*\])")


def print_graph(graph: Graph) -> str:
    """The text form; ``parse_graph`` of it equals ``graph``."""

    def line(node: Node) -> str:
        inputs = ", ".join(node.inputs)
        return f"{node.name} = {node.op}({inputs}) : {print_shape(graph.shapes[node.name])}"

    lines = [f"graph {graph.name} context={graph.context} vocabulary={graph.vocabulary}"]
    for item in graph.nodes:
        if isinstance(item, RolledLoop):
            lines.append(
                f"loop {item.name} = {item.trips} times {item.carried} from {item.source}"
                f" : {print_shape(graph.shapes[item.name])}"
            )
            lines += [f"  {line(node)}" for node in item.body]
            lines.append(f"yield {item.result}")
        else:
            lines.append(line(item))
    return "\n".join(lines) + "\n"


def parse_graph(text: str, ops: Sequence[type[Op]] = OPS) -> Graph:
    """The graph that ``text`` describes; ``ops`` are the layer kinds that it may name.

    Raises ``ValueError`` with the line number if a line is not understood or a printed shape is
    not the inferred one, and as ``Graph`` does.
    """
    lines = [
        (number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()
    ]
    head = _HEAD.fullmatch(lines[0][1]) if lines else None
    if head is None:
        raise ValueError("Text form must begin with 'graph NAME context=N vocabulary=N'")
    kinds = {kind.__name__: kind for kind in ops}
    nodes: list[Node | RolledLoop] = []
    shapes: dict[str, tuple[int, str]] = {}
    open_loop: re.Match[str] | None = None
    body: list[Node] = []
    for number, line in lines[1:]:
        if open_loop is None and (match := _LOOP.fullmatch(line)):
            open_loop = match
            shapes[match["name"]] = number, match["shape"]
        elif open_loop is not None and (match := _YIELD.fullmatch(line)):
            nodes.append(_close(open_loop, body, match["result"]))
            open_loop, body = None, []
        elif match := _NODE.fullmatch(line):
            inputs = tuple(re.findall(r"\w+", match["inputs"]))
            node = Node(match["name"], _op(match["op"], kinds, number), inputs)
            (nodes if open_loop is None else body).append(node)
            shapes[node.name] = number, match["shape"]
        else:
            raise ValueError(f"Line {number} must be a node, a loop or a yield, not {line!r}")
    if open_loop is not None:
        raise ValueError(f"Loop {open_loop['name']} must end with a yield")
    graph = Graph(
        name=head["name"],
        context=int(head["context"]),
        vocabulary=int(head["vocabulary"]),
        nodes=tuple(nodes),
    )
    for name, (number, shape) in shapes.items():
        inferred = print_shape(graph.shapes[name])
        if shape != inferred:
            raise ValueError(f"Line {number}: shape of {name} must be {inferred}, not {shape}")
    return graph


def _close(match: re.Match[str], body: list[Node], result: str) -> RolledLoop:
    return RolledLoop(
        name=match["name"],
        trips=int(match["trips"]),
        source=match["source"],
        carried=match["carried"],
        body=tuple(body),
        result=result,
    )


def _op(text: str, kinds: dict[str, type[Op]], number: int) -> Op:
    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError("it is no call with named attributes")
        values = {str(item.arg): ast.literal_eval(item.value) for item in call.keywords}
        return kinds[call.func.id](**values)
    except KeyError as error:
        raise ValueError(f"Line {number}: layer kind must be known, not {error.args[0]}") from None
    except (SyntaxError, TypeError, ValueError) as error:
        raise ValueError(f"Line {number}: cannot read {text!r}: {error}") from None
