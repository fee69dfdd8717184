# SPDX-License-Identifier: Apache-2.0
"""The simulator: emitted Verilog in Verilator, models of memory, comparison with the reference."""
