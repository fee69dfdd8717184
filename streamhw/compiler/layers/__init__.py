# SPDX-License-Identifier: Apache-2.0
"""Layer kinds: for each one its rules for shapes, formats, memory, lowering and references."""
