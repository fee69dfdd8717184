# SPDX-License-Identifier: Apache-2.0
"""The public functions: compile, build, simulate, evaluate, explore; the package names them."""
