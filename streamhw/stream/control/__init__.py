# SPDX-License-Identifier: Apache-2.0
"""Control: sequencer, steps, token loop, order of parameters."""
