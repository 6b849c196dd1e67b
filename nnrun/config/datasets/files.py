"""Files that data come from: where they are, and where to fetch them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from nnrun.config.sections import Count, Section
from nnrun.config.urls import url_fault
from nnrun.config.value_advice import received

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def problem(code: str, message: str, hint: str = "", at: str = "value") -> PydanticCustomError:
    """Returns what a validator raises, for `nnrun.config.translation` to show as it is.

    Args:
        code: Stable name of the kind of problem.
        message: What is wrong.
        hint: What to do.
        at: Whether to point at the `key` or the `value`.
    """
    # A brace of a message is not a place to fill in.
    context: dict[str, Any] = {"message": message, "hint": hint, "at": at}
    return PydanticCustomError(code, "{message}", context)


def needs_path() -> PydanticCustomError:
    """Returns what a validator raises where neither `path` nor `download` is given."""
    return problem("missing-key", "one of the keys 'path' and 'download' is needed", "add path: …", "key")


def _checked_url(url: str) -> str:
    fault = url_fault(url)
    if fault is not None:
        raise problem("bad-url", *fault)
    return url


def _checked_sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise problem(
            "wrong-type",
            f"expected a SHA-256 of 64 hexadecimal digits, received {received(text)}",
            f"it has {len(text)} characters; `sha256sum FILE` prints it",
        )
    return text.lower()


Url = Annotated[str, AfterValidator(_checked_url), Field(json_schema_extra={"pattern": "^https?://"})]
"""An address without logins, which `nnrun.data.download` can fetch from."""

Sha256 = Annotated[
    str, AfterValidator(_checked_sha256), Field(json_schema_extra={"pattern": "^[0-9a-fA-F]{64}$"})
]


class DownloadSection(Section):
    """Where to fetch a file that is not here, and how to know that it is the right one."""

    url: Url
    """The address, http or https; a login for it belongs into ~/.netrc."""

    bytes: Count | None = None
    """Size of the file. Another size is an error, before anything is fetched where the server says it."""

    sha256: Sha256 | None = None
    """SHA-256 of the file, in hexadecimal. Another one is an error."""


class FileSection(Section):
    """A file or folder with data, here or to be downloaded."""

    path: str | None = None
    """The file or folder, relative to the config. What is to be downloaded is put there; without a path, into
    the cache.
    """

    download: DownloadSection | None = None
    """Where to fetch the file if it is not there."""

    @model_validator(mode="after")
    def _names_a_file(self) -> Self:
        if self.path is None and self.download is None:
            raise needs_path()
        return self
