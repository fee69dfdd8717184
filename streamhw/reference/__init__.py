# SPDX-License-Identifier: Apache-2.0
"""The integer reference: what the hardware must compute, bit for bit."""
