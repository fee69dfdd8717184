# SPDX-License-Identifier: Apache-2.0
"""Layout converters: what they hold, kinds, timing and hardware."""
