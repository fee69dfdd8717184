# SPDX-License-Identifier: Apache-2.0
"""The error of an operation that no layer kind expresses."""

__all__ = ["NoLayerError"]


class NoLayerError(Exception):
    """What a call must be and is not; who interprets the call says where it is."""
