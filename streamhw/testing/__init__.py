# SPDX-License-Identifier: Apache-2.0
"""Testing: benches, stimulus and proofs for authors of kernels."""
