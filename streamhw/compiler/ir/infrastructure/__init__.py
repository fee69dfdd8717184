# SPDX-License-Identifier: Apache-2.0
"""Parts that move streams without computing: forks, loop ends, memory access, step control."""

from .dma import BURST, ReadDmaSpec, WriteDmaSpec
from .fork import ForkSpec
from .layer_loop import LoopEntrySpec, LoopExitSpec
from .parameters import ParameterReaderSpec, StaticDemuxSpec
from .register_slice import RegisterSliceSpec
from .spec import InfrastructureSpec
from .steps import EngineScheduleSpec, SequencerSpec, StepBroadcastSpec
from .width import PaddingRemoverSpec, PassthroughSpec, WidthSpec, WordCutterSpec

__all__ = [
    "BURST",
    "EngineScheduleSpec",
    "ForkSpec",
    "InfrastructureSpec",
    "LoopEntrySpec",
    "LoopExitSpec",
    "PaddingRemoverSpec",
    "ParameterReaderSpec",
    "PassthroughSpec",
    "ReadDmaSpec",
    "RegisterSliceSpec",
    "SequencerSpec",
    "StaticDemuxSpec",
    "StepBroadcastSpec",
    "WidthSpec",
    "WordCutterSpec",
    "WriteDmaSpec",
]
