# SPDX-License-Identifier: Apache-2.0
"""Registers and memory of a design for a host behind a stream of bytes that may lose some."""
