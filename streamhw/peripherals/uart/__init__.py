# SPDX-License-Identifier: Apache-2.0
"""Asynchronous serial lines, 8N1: receiver and transmitter of bytes."""
