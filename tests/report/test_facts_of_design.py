# SPDX-License-Identifier: Apache-2.0
"""Facts come from roles, behaviour and decisions of a design, from no name."""

from dataclasses import replace

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.ir.netlist import Channel, End
from streamhw.report.edges import edges_of
from streamhw.report.facts import Facts, PartKind
from streamhw.report.facts_of_design import activities_of, clients_of, gather, kind_of
from streamhw.report.html.graph import graph
from streamhw.stream.control.scope import Scope


def test_what_parts_are(facts: Facts) -> None:
    kinds = {part.name: part.kind for part in facts.parts}
    assert kinds["matmul_w8"] is PartKind.ENGINE and set(facts.engines) == {"matmul_w8"}
    assert kinds["norm_1"] is PartKind.KERNEL and kinds["sequencer"] is PartKind.INFRASTRUCTURE
    assert kinds["attention_key_read"] is kinds["token_embedding"] is PartKind.MEMORY
    assert kinds["residual_1_i_b_convert"] is PartKind.CONVERTER
    assert kinds["blocks_entry_o_fork"] is PartKind.FORK
    converters = {part.name for part in facts.parts if part.converter is not None}
    assert converters == {name for name, kind in kinds.items() if kind is PartKind.CONVERTER}


def renamed(design: PlacedNetlist) -> PlacedNetlist:
    """The design with other names of forks, loop, sequencer and whatever else serves nobody."""
    served = {str(instance.serves) for instance in design.instances}
    kinds = (PartKind.FORK, PartKind.INFRASTRUCTURE)
    new = {
        instance.name: f"part{n}" if free and kind_of(instance) in kinds else instance.name
        for n, instance in enumerate(design.instances)
        for free in (instance.serves is None and instance.name not in served,)
    }
    assert new["sequencer"] != "sequencer" and sum(a != b for a, b in new.items()) > 6

    def end(at: End) -> End:
        return End(new[at.instance], at.port)

    def stream(channel: Channel) -> Channel:
        return replace(channel, source=end(channel.source), sink=end(channel.sink))

    channels = tuple(map(stream, design.channels))
    names = {old.name: now.name for old, now in zip(design.channels, channels, strict=True)}
    dies = design.placement.dies
    return replace(
        design,
        instances=tuple(replace(i, name=new[i.name]) for i in design.instances),
        channels=channels,
        queues={names[name]: beats for name, beats in design.queues.items()},
        placement=replace(
            design.placement, dies={new.get(name, name): at for name, at in dies.items()}
        ),
    )


def test_names_of_instances_say_nothing(design: PlacedNetlist, facts: Facts) -> None:
    other = gather(renamed(design), "checkpoint")
    assert [part.kind for part in other.parts] == [part.kind for part in facts.parts]
    edges = zip(edges_of(other), edges_of(facts), strict=True)
    assert all(
        (a.value, a.scope, len(a.through)) == (b.value, b.scope, len(b.through)) for a, b in edges
    )
    assert graph(other).count('class="box ') == graph(facts).count('class="box ')
    for kind in ("kernel", "product", "converter", "fork", "outside"):
        drawn = (graph(found).count(f'class="box {kind}"') for found in (other, facts))
        assert len(set(drawn)) == 1, kind


def test_activities_of_a_step(design: PlacedNetlist, facts: Facts) -> None:
    assert facts.position == design.graph.context // 2
    layers = [a.layer for a in facts.activities if a.scope is Scope.BODY]
    assert set(layers) == {0, 1} and layers == sorted(layers)
    assert all(a.input[0] <= a.input[1] and a.output[0] <= a.output[1] for a in facts.activities)
    late = list(activities_of(design, 30))
    assert max(a.output[1] for a in late) > max(a.output[1] for a in facts.activities)
    assert gather(design, "checkpoint", 30).activities == tuple(late)


def test_clients_of_a_port_are_whose_dmas_are_there(design: PlacedNetlist) -> None:
    (port,) = design.board.ports
    clients = clients_of(design, port.name)
    assert "attention_key_read" in clients and len(clients) == len(design.placement.ports)
    assert clients_of(design, "another") == ()
