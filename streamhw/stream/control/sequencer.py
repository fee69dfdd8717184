# SPDX-License-Identifier: Apache-2.0
"""Sequencer: turns one start into all steps of a whole answer, token by token."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..signature import stream_of
from ..spec import raw
from .step_layout import step_layout

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Runs the prompt through all layers in token batches, then decodes greedily, one token a step.

    For a batch it sends its tokens and positions, then a step for each layer; the last batch
    of the prompt has ``head`` set and is followed by a tail step. Steps do not wait for each other:
    batches of the prompt run ahead as far as the queues behind allow. After a tail step the
    next token is awaited, written behind the others and run as a batch of one::

        start --> batch: tokens, positions --> steps of the layers --> head? --> tail step
                    ^                              no: next batch                     |
                    '------- append, count, stop at the end, EOS, soft stop <-- i_next '

    Parameters  tokens: of a batch, at most; context: positions; layers; vocabulary; positions:
                whether there is ``o_position``
    Members     cfg_start: In(1), one cycle, ignored while busy;  cfg_stop: In(1), one cycle: stop
                after the current token, or, with a start, after the first
                cfg_prompt_length, cfg_total_length: In, tokens; held while busy;  cfg_eos,
                cfg_eos_enable: In
                stat_busy, stat_done: Out(1), done until the next start;  stat_count: Out, tokens
                in the window
                token_read_addr: Out, token_read_data: In, one cycle later;  token_write_addr,
                token_write_data, token_write_enable: Out
                o_token, o_position: Out(stream ``raw``), one beat a token
                o_step: Out(stream of ``step_layout``)   i_next: In(stream ``raw``), the next token
    Timing      busy 1 cycle after the start; first token 4 cycles after it; 2 cycles a token, 1 a
                batch, 1 a step; 3 cycles from the next token accepted to the same on ``o_token``
    Stalls      lossless; no combinational path between ports
    Raises      ValueError: if a parameter is less than 1, or tokens exceeds context

    An empty prompt, a total of no more than the prompt, or one that exceeds the context, is done
    at once. A tail step has 1 token, the position of the batch's last token, and layer 0.
    """

    def __init__(
        self, *, tokens: int, context: int, layers: int, vocabulary: int, positions: bool = True
    ):
        for name, value in (("tokens", tokens), ("layers", layers), ("vocabulary", vocabulary)):
            if value < 1:
                raise ValueError(f"Sequencer {name} must be at least 1, not {value}")
        if tokens > context:
            raise ValueError(f"Sequencer tokens must be at most context {context}, not {tokens}")
        self._tokens, self._context, self._layers = tokens, context, layers
        self.token_width = max(1, (vocabulary - 1).bit_length())
        self.position_width = max(1, (context - 1).bit_length())
        self.layout = step_layout(tokens=tokens, context=context, layers=layers)
        token, length = self.token_width, range(context + 1)
        position = {"o_position": Out(stream_of(raw(self.position_width)))} if positions else {}
        super().__init__(
            {
                "cfg_start": In(1),
                "cfg_stop": In(1),
                "cfg_prompt_length": In(length),
                "cfg_total_length": In(length),
                "cfg_eos": In(token),
                "cfg_eos_enable": In(1),
                "stat_busy": Out(1),
                "stat_done": Out(1),
                "stat_count": Out(length),
                "token_read_addr": Out(self.position_width),
                "token_read_data": In(token),
                "token_write_addr": Out(self.position_width),
                "token_write_data": Out(token),
                "token_write_enable": Out(1),
                "o_token": Out(stream_of(raw(token))),
                **position,
                "o_step": Out(stream.Signature(self.layout)),
                "i_next": In(stream_of(raw(token))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = self.stat_count
        begin = Signal(range(self._context + 1))  # position of the batch's first token
        at = Signal(range(self._context + 1))  # position of the token that is sent now
        end = Signal(range(self._context + 1))  # position behind the batch
        group = Signal(range(self._tokens + 1))
        head = Signal()
        layer = Signal.like(self.o_step.payload.layer)
        tail = Signal()
        stopping = Signal()

        rest = Signal(range(self._context + 1))
        m.d.comb += [
            rest.eq(count - begin),
            self.token_read_addr.eq(at),
            self.token_write_addr.eq(count),
            self.token_write_data.eq(Value.cast(self.i_next.payload)),
            self.o_step.payload.tail.eq(tail),
            self.o_step.payload.head.eq(head),
            self.o_step.payload.tokens.eq(Mux(tail, 1, group)),
            self.o_step.payload.position.eq(Mux(tail, end - 1, begin)),
            self.o_step.payload.layer.eq(layer),
        ]
        sent = {"o_token": self.token_read_data, "o_position": at}
        outputs = {getattr(self, n): v for n, v in sent.items() if n in self.signature.members}
        for output in outputs:
            with m.If(output.ready):
                m.d.sync += output.valid.eq(0)
        with m.If(self.cfg_stop & self.stat_busy):
            m.d.sync += stopping.eq(1)

        with m.FSM():
            with m.State("idle"):
                with m.If(self.cfg_start):
                    m.d.sync += [
                        self.stat_busy.eq(1),
                        self.stat_done.eq(0),
                        count.eq(self.cfg_prompt_length),
                        begin.eq(0),
                        at.eq(0),
                        stopping.eq(self.cfg_stop),
                    ]
                    m.next = "begin"
            with m.State("begin"):
                wanted = self.cfg_total_length
                with m.If((count == 0) | (wanted <= count) | (wanted > self._context)):
                    m.d.sync += [self.stat_busy.eq(0), self.stat_done.eq(1)]
                    m.next = "idle"
                with m.Else():
                    m.next = "group"
            with m.State("group"):
                # also the cycle in which the memory reads the batch's first token
                whole = rest > self._tokens
                m.d.sync += [
                    group.eq(Mux(whole, self._tokens, rest)),
                    end.eq(Mux(whole, begin + self._tokens, count)),
                    head.eq(~whole),
                ]
                m.next = "send"
            with m.State("send"):
                with m.If(~Cat(output.valid for output in outputs).any()):
                    m.d.sync += at.eq(at + 1)
                    for output, value in outputs.items():
                        m.d.sync += [output.valid.eq(1), Value.cast(output.payload).eq(value)]
                    m.next = "sent"
            with m.State("sent"):
                # the memory reads the next token
                m.next = "send"
                with m.If(at == end):
                    m.next = "step"
            with m.State("step"):
                m.d.comb += self.o_step.valid.eq(1)
                with m.If(self.o_step.ready):
                    m.d.sync += layer.eq(layer + 1)
                    with m.If(tail):
                        m.d.sync += [layer.eq(0), tail.eq(0)]
                        m.next = "await"
                    with m.Elif(layer == self._layers - 1):
                        m.d.sync += [layer.eq(0), tail.eq(head)]
                        with m.If(~head):
                            m.d.sync += begin.eq(end)
                            m.next = "group"
            with m.State("await"):
                m.d.comb += self.i_next.ready.eq(1)
                with m.If(self.i_next.valid):
                    m.d.comb += self.token_write_enable.eq(1)
                    m.d.sync += [count.eq(count + 1), begin.eq(count), at.eq(count)]
                    is_end = self.cfg_eos_enable & (self.token_write_data == self.cfg_eos)
                    is_full = count + 1 >= self.cfg_total_length
                    with m.If(is_end | is_full | stopping | self.cfg_stop):
                        m.d.sync += [self.stat_busy.eq(0), self.stat_done.eq(1)]
                        m.next = "idle"
                    with m.Else():
                        m.next = "group"
        return m
