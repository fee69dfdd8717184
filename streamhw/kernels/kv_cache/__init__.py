# SPDX-License-Identifier: Apache-2.0
"""The KV cache: keys and values written to and read from memory."""
