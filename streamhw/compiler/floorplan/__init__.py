# SPDX-License-Identifier: Apache-2.0
"""The floorplan: dies, register slices, memory ports and RAM types."""
