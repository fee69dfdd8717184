# SPDX-License-Identifier: Apache-2.0
"""Which kernels of a design are watched, and by which of their streams."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.report.observed_step import watched_kernels
from streamhw.sim.device import WatchedPort


def test_all_kernels_that_values_pass(design: PlacedNetlist) -> None:
    watched = watched_kernels(design)
    assert {"norm_1", "matmul_w8", "attention_key_read", "next_token"} <= set(watched)
    # Neither what passes values on, nor what makes control, computes.
    assert not {"blocks_entry_o_fork", "residual_1_i_b_convert", "sequencer", "lengths_2"} & set(
        watched
    )


def test_ports_with_memory_at_the_other_end(design: PlacedNetlist) -> None:
    watched = watched_kernels(design)
    seen = {port.stream: port for port in watched["attention_key_read"]}
    command = WatchedPort(stream="attention_key_read_dma_i_command", output=True, memory=True)
    assert seen[command.stream] == command
    assert seen["attention_key_read_i_data"].memory and seen["attention_scores_i_k"].output
    assert "attention_key_read_i_step" not in seen
    assert {p.stream for p in watched["matmul_w8"] if p.memory} == {
        "matmul_w8_i_tile_scales",
        "matmul_w8_i_weight",
    }
