# SPDX-License-Identifier: Apache-2.0
"""Errors that a user sees: one clear sentence each, and an exit code by class."""

__all__ = [
    "BuildError",
    "DeviceError",
    "DoesNotFitError",
    "InternalError",
    "StreamhwError",
    "ToolError",
    "UserError",
]


class StreamhwError(Exception):
    """Base of all errors that the command line prints without a traceback.

    The message says what must hold, what was given, and where; an optional ``hint`` is a second
    line that says what to do.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None):
        super().__init__(message)
        self.hint = hint


class UserError(StreamhwError):
    """What the user typed or the files they named cannot be used (exit code 2)."""

    exit_code = 2


class BuildError(StreamhwError):
    """The model is sound, but no design for the board exists (exit code 3)."""

    exit_code = 3


class DoesNotFitError(BuildError):
    """A design exists, but the board has too few cells for it: a smaller one may fit.

    part: the kernel that is too large even alone, if it is one
    between: whether it is the memory for values between kernels that is too small
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        part: str | None = None,
        between: bool = False,
    ):
        super().__init__(message, hint=hint)
        self.part = part
        self.between = between


class ToolError(StreamhwError):
    """A compiler, simulator or synthesis tool is missing or failed (exit code 4)."""

    exit_code = 4


class InternalError(StreamhwError):
    """An invariant of streamhw itself is broken: please report it (exit code 5)."""

    exit_code = 5


class DeviceError(StreamhwError):
    """A board or a memory does not answer, or answers with an error (exit code 6)."""

    exit_code = 6
