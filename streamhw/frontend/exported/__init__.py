# SPDX-License-Identifier: Apache-2.0
"""Programs of tensor operations, as frameworks export them, raised to the layer graph."""
