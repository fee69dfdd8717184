# SPDX-License-Identifier: Apache-2.0
"""Infrastructure is plain data, and its hardware has the streams that its ports say."""

import pickle

import pytest
from amaranth.hdl import Value

from streamhw.compiler.ir.infrastructure import (
    EngineScheduleSpec,
    ForkSpec,
    InfrastructureSpec,
    LoopEntrySpec,
    LoopExitSpec,
    PaddingRemoverSpec,
    ParameterReaderSpec,
    PassthroughSpec,
    ReadDmaSpec,
    RegisterSliceSpec,
    SequencerSpec,
    StaticDemuxSpec,
    StepBroadcastSpec,
    WidthSpec,
    WordCutterSpec,
    WriteDmaSpec,
)
from streamhw.numerics.fixed import Fixed
from streamhw.stream.control.parameter_reader import ParameterRun
from streamhw.stream.control.step_broadcast import StepConsumer
from streamhw.stream.itensor.itensor import Symbol, row_major
from streamhw.stream.static_demux import Repeat, Segment

SIZE = {"tokens": 4, "context": 16, "layers": 2}


def specs() -> tuple[InfrastructureSpec, ...]:
    """One of each kind, made anew."""
    rows = row_major(Fixed(8), (Symbol("tokens", 4), 8), 4)
    program = (Repeat(2, (Segment(0, 3), Segment(1, 1))),)
    return (
        ForkSpec(type=rows, outputs=3),
        RegisterSliceSpec(type=rows, boundaries=2),
        LoopEntrySpec(type=rows, layers=2),
        LoopExitSpec(type=rows, layers=2),
        WidthSpec(type=rows, beat_bits=128),
        WidthSpec(type=rows, beat_bits=16),
        PassthroughSpec(type=rows),
        PaddingRemoverSpec(type=rows, beat_bits=96),
        WordCutterSpec(bits=32, beat_bits=128),
        ReadDmaSpec(beat_bits=128, buffer=64, outstanding=32),
        WriteDmaSpec(beat_bits=128),
        StaticDemuxSpec(beat_bits=64, outputs=2, programs=(program, program)),
        ParameterReaderSpec(**SIZE, body=ParameterRun(0, 8), stride=256, tail=ParameterRun(512, 4)),
        SequencerSpec(**SIZE, vocabulary=50, positions=True),
        SequencerSpec(**SIZE, vocabulary=50, positions=False),
        StepBroadcastSpec(**SIZE, consumers=(StepConsumer(name="a", fields=("tokens",)),)),
        EngineScheduleSpec(**SIZE, body=(0, 1), tail=(2,)),
    )


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: type(spec).__name__)
def test_the_hardware_has_the_ports(spec: InfrastructureSpec) -> None:
    members = spec.create().signature.members
    streams = {n for n, m in members.items() if m.is_signature and "payload" in m.signature.members}
    assert streams == {port.name for port in spec.ports}
    component = spec.create()
    for port in spec.ports:
        assert len(Value.cast(getattr(component, port.name).payload)) == port.type.beat_bits
    assert spec.behaviour().delay >= 0


@pytest.mark.parametrize("index", range(len(specs())))
def test_specs_are_plain_data(index: int) -> None:
    one, same = specs()[index], specs()[index]
    assert one == same and hash(one) == hash(same)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one.resources() == same.resources()
    assert len(set(specs())) == len(specs())
