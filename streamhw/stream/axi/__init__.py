# SPDX-License-Identifier: Apache-2.0
"""AXI: DMAs, arbiter, bursts, registers."""
