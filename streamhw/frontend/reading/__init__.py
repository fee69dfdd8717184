# SPDX-License-Identifier: Apache-2.0
"""What stands in the files of a model: JSON objects, their values, stored tensors, angles."""
