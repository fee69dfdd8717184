# SPDX-License-Identifier: Apache-2.0
"""A design on a board behind a serial line: frames, requests with repeats, the device."""
