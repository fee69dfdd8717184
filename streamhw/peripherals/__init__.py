# SPDX-License-Identifier: Apache-2.0
"""Hardware around a design on a board: external memory, and the host's link."""
