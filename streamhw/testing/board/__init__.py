# SPDX-License-Identifier: Apache-2.0
"""A whole board in Verilator: what a bitstream holds, a chip of memory, and a line to a host."""
