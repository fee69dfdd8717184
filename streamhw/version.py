# SPDX-License-Identifier: Apache-2.0
"""The version of the package, below everything that names it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
