# SPDX-License-Identifier: Apache-2.0
"""Synthesis: cell counts and longest paths by Yosys."""
