# SPDX-License-Identifier: Apache-2.0
"""Exploration: the designs that could be, what each would cost, and the best of them."""
