# SPDX-License-Identifier: Apache-2.0
"""The matmul engine: spec, geometry, hardware, timing, cost."""
