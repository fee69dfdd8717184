# SPDX-License-Identifier: Apache-2.0
"""External memory: memory map, memory image and KV cache."""
