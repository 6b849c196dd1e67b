"""Every way in which nnrun can fail, and the exit code that each one ends with.

    NnrunError                      1   a bug in nnrun, if it reaches the user as such
    ├── UsageError                  2   a wrong flag or argument
    ├── ConfigError                 3   the config has problems (`nnrun.config.problems.ConfigError`)
    ├── DataError                   4   the data, or a file that should be there
    │   └── EnvironmentFault        4   the machine: a missing package, device, folder or permission
    ├── TrainingError               5   diverged, or out of memory
    ├── RequirementError            6   trained, but `--require` was not met
    ├── StorageError                7   a save failed
    ├── RunInUseError               8   another process writes to this run
    └── Interrupted       129/130/143   SIGHUP, Ctrl-C or SIGTERM (a KeyboardInterrupt too, so that
                                        no `except Exception` on the way can swallow it)

`nnrun.cli.main` is the one place that turns an error into a message and an exit code.
"""

from __future__ import annotations

import signal


class NnrunError(Exception):
    """Base of all errors that nnrun raises on purpose.

    Args:
        message: What happened, with the place and the values received.
        advice: What the user can do about it, one sentence; may be empty.
    """

    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UsageError(NnrunError):
    """A flag or argument is wrong."""

    exit_code = 2


class DataError(NnrunError):
    """The data cannot be used as the config says."""

    exit_code = 4


class EnvironmentFault(DataError):
    """The machine lacks something: a package, a device, a folder, a permission, the network."""


class TrainingError(NnrunError):
    """Training could not go on: the loss is not finite any more, or memory ran out."""

    exit_code = 5


class RequirementError(NnrunError):
    """The run is complete, but an expression of `--require` does not hold."""

    exit_code = 6


class StorageError(NnrunError):
    """Something could not be written; what was there before is untouched."""

    exit_code = 7


class RunInUseError(NnrunError):
    """Another process is writing to this run directory."""

    exit_code = 8


class Interrupted(NnrunError, KeyboardInterrupt):
    """A signal asked nnrun to stop.

    Args:
        signum: The signal: `SIGHUP` (exit code 129), `SIGINT` (130) or `SIGTERM` (143).
        note: What the user should know besides, such as where the run is kept.
    """

    def __init__(self, signum: int = signal.SIGINT, note: str = "") -> None:
        super().__init__(f"interrupted by {signal.Signals(signum).name}{note and f'; {note}'}")
        self.signum = signum
        self.exit_code = 128 + signum
