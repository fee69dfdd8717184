# SPDX-License-Identifier: Apache-2.0
"""Reports: tables, explanations and the HTML page of a build."""
