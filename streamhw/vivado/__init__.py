# SPDX-License-Identifier: Apache-2.0
"""A build as an archive for Vivado: board top, pins, scripts, the vendor's memory controller."""
