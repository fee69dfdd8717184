# SPDX-License-Identifier: Apache-2.0
"""The runtime: manifest and driver of a design on a device or in the simulator."""
