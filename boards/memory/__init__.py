# SPDX-License-Identifier: Apache-2.0
"""Memory systems: one file each; ``catalog`` finds them by name."""
