# SPDX-License-Identifier: Apache-2.0
"""What the compiler must know of a part to predict its cycles and to size what is around it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .itensor.itensor import ITensor, SymbolValues
from .timing import Timing

__all__ = ["Behaviour", "ContextBehaviour", "MemoryUse"]

Count = Callable[[SymbolValues], int]
"""Beats or cycles by the values of the symbols."""


def _no_longer(_: SymbolValues, wait: float) -> float:
    return 0.0


def _pipeline(_: SymbolValues, timing: Timing) -> int:
    return max(0, timing.latency - timing.drain)


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """How a part uses external memory through a DMA of its own.

    asking: cycles from a part's input to the command that follows from it
    traffic: beats of memory that an invocation moves; unless given, what the elements fill
    burst: beats of its DMA's longest burst, which holds two of them; unless given, the usual
    prefetches: whether it asks for much before it is wanted, and so wants the board's deep buffer
    longer: cycles that what comes takes longer than a beat each, if a command is answered after so
        many; less than none if some of it came before
    by_token: whether it is told of each token that memory has, and reads that token's rows then
    beside: whether its traffic passes beside what others read, and never waits for it
    spilled: bytes of its region if that holds a value between kernels, which goes through memory
        to save room on chip; 0 if not
    """

    asking: int = 1
    traffic: Callable[[SymbolValues], float] | None = None
    burst: int | None = None
    prefetches: bool = False
    longer: Callable[[SymbolValues, float], float] = _no_longer
    by_token: bool = False
    beside: bool = False
    spilled: int = 0


@dataclass(frozen=True, kw_only=True)
class ContextBehaviour:
    """One product of an engine that several share: it stores its operand, then computes.

    operand: the order in which the operand comes; beat_cycles: in which a beat of it is stored
    tiles: of outputs, each with parameters of its own: tile scales, and ``words`` words of weights
    timing: of an invocation, from the first beat of a stored operand that the array reads: cycles
        to the first result, and in which the array works; then from the last weight, or, if a
        tile's are kept, the last beat that the array reads, to the last result of its tile
    stored: beats of the operand until the first that the array may read
    passes: cycles for which a weight is used
    first_sums: cycles in which the array works on a tile until its first sums are complete
    results: cycles in which the results of a tile leave
    results_held: whether the engine has room for all results of an invocation
    """

    name: str
    operand: ITensor
    beat_cycles: int
    tiles: int
    words: int
    timing: Callable[[SymbolValues], Timing]
    stored: Count
    passes: Count
    first_sums: Count
    results: Count
    results_held: bool


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What performance model, FIFO sizing, deadlock proof and fusion read of a part.

    alone: timing of an invocation by itself, if its formula is quicker than that of many
    delay: cycles that it adds to each beat, if it is no kernel and has no other timing
    row: beats of its input that its first output needs, if that may be less than its latency
    ahead: beats of its input, behind the first, that its first output needs however slowly they
        come; unless given, as many as its latency is longer than its drain
    late_parameters: whether its parameters come as results leave, so that its drain from the last
        row of its input is as long as its latency
    exclusive: whether it takes nothing new before its last output
    shares: whether its outputs are shares of one value, which leave one after another
    queued: whether every output leaves a queue or register of its own
    multiplies: multiply-accumulate operations a cycle; products_a_multiplier: of them, that one
        hardware multiplier does at a time
    memory: how it uses memory, if it has ports to a DMA
    contexts: of an engine that several products share; stored_bits: what it holds of their operands
    """

    alone: Callable[[SymbolValues], Timing] | None = None
    delay: int = 1
    row: Count | None = None
    ahead: Callable[[SymbolValues, Timing], int] = _pipeline
    late_parameters: bool = False
    exclusive: bool = False
    shares: bool = False
    queued: bool = False
    multiplies: int = 0
    products_a_multiplier: int = 1
    memory: MemoryUse = field(default_factory=MemoryUse)
    contexts: tuple[ContextBehaviour, ...] = ()
    stored_bits: int = 0
