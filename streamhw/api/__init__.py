# SPDX-License-Identifier: Apache-2.0
"""The public functions, a module each; the package names them."""

import warnings

# Ports of infrastructure are read off components that are made for that and never placed.
warnings.filterwarnings("ignore", message=".*created but never used")
