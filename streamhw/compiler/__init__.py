# SPDX-License-Identifier: Apache-2.0
"""The compiler: stages from a quantized model to a placed design."""
