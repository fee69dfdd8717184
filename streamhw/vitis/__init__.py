# SPDX-License-Identifier: Apache-2.0
"""A build as an RTL kernel of Vitis: shell, scripts, constraints, host programs."""
