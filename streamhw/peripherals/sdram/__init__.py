# SPDX-License-Identifier: Apache-2.0
"""A controller of SDR SDRAM behind an AXI4 port."""
