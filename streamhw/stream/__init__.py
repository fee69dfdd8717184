# SPDX-License-Identifier: Apache-2.0
"""Streams: handshake, types, and the modules that move beats."""
