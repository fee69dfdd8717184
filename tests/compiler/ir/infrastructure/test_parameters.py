# SPDX-License-Identifier: Apache-2.0
"""The reader and the demux of parameters as parts of a design."""

from streamhw.compiler.ir.infrastructure.parameters import ParameterReaderSpec, StaticDemuxSpec
from streamhw.stream.control.parameter_reader import ParameterRun
from streamhw.stream.static_demux import Repeat, Segment
from streamhw.testing.pysim import run_streams


def test_deals_beats_in_the_order_of_a_program() -> None:
    program = (Repeat(2, (Segment(0, 2), Segment(1, 1))),)
    spec = StaticDemuxSpec(beat_bits=8, outputs=2, programs=(program,))
    assert [port.name for port in spec.ports] == ["i", "i_program", "o_0", "o_1"]
    run = run_streams(
        spec.create(),
        inputs={"i": list(range(12)), "i_program": [0, 0]},
        outputs={"o_0": 8, "o_1": 4},
        registered=False,
    )
    assert run.beats["o_0"] == [0, 1, 3, 4, 6, 7, 9, 10]
    assert run.beats["o_1"] == [2, 5, 8, 11]


def test_a_reader_sends_commands_and_programs() -> None:
    spec = ParameterReaderSpec(
        tokens=4,
        context=16,
        layers=2,
        body=ParameterRun(0, 8),
        stride=256,
        tail=ParameterRun(512, 4),
    )
    assert [port.name for port in spec.ports] == ["i_step", "o_command", "o_program"]
    assert [port.type.beat_bits for port in spec.ports[1:]] == [65, 1]
