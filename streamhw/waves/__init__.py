# SPDX-License-Identifier: Apache-2.0
"""Wave files of streams, and what GTKWave and Surfer are to show of them."""
