# SPDX-License-Identifier: Apache-2.0
"""What each command says to scripts: their fields are the schema."""
