# SPDX-License-Identifier: Apache-2.0
"""A design on a board: pins, clocks and peripherals around it, place and route, the bitstream."""
