# SPDX-License-Identifier: Apache-2.0
"""The backend: a design as Verilog, manifest and build folder."""
