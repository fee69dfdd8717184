# SPDX-License-Identifier: Apache-2.0
"""streamhw: compiles a language model into a stream-dataflow accelerator in plain Verilog."""

__version__ = "0.1.0"
