# SPDX-License-Identifier: Apache-2.0
"""From the operations of a program to the layer graph."""
