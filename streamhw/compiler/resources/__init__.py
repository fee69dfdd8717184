# SPDX-License-Identifier: Apache-2.0
"""Resources: cells of a device and types of RAM."""
