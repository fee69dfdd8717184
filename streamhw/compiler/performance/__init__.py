# SPDX-License-Identifier: Apache-2.0
"""The performance model: task graph, timeline, memory supply, estimate."""
