"""Addresses in configs: which are refused, and what of them is shown."""

from __future__ import annotations

import pytest

from nnrun.config.urls import masked, redact, url_fault


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("file:///etc/passwd", "begins with http:// or https://, received file:"),
        ("ftp://host/a", "received ftp:"),
        ("host/a.zip", "received one without them"),
        ("", "received one without them"),
        ("http:///a.zip", "no host"),
        ("http://[::1/a", "no address"),
        ("http://host:port/a", "no address"),
        ("http://host/a b", "a space"),
        ("http://host/a\x1b[31m", "control character"),
        ("http://me:pw@host/a", "a login or a key in it"),
        ("http://me@host/a", "a login or a key in it"),
        ("https://host/a?X-Amz-Signature=abc", "a login or a key in it"),
        ("https://host/a?token=abc", "a login or a key in it"),
    ],
)
def test_an_address_that_is_refused(url: str, fault: str) -> None:
    """The message says why, and never repeats a login."""
    found = url_fault(url)
    assert found is not None
    assert fault in found[0]
    assert "pw" not in found[0] + found[1].removesuffix("`path`")


@pytest.mark.parametrize(
    "url",
    ["http://host/a", "HTTPS://host/a.zip", "https://host:8080/a%20b?download=1&id=key#x", "http://[::1]/a"],
)
def test_an_address_that_is_accepted(url: str) -> None:
    """Anything with http or https that has no secrets."""
    assert url_fault(url) is None


def test_secrets_are_hidden_in_place() -> None:
    """Carets below the line still point at the same column."""
    text = "  url: https://me:pa55@host/a?id=3&token=abc # https://you@there/"
    assert masked(text) == "  url: https://*******@host/a?id=3&token=*** # https://***@there/"
    assert redact(text) == "  url: https://***@host/a?id=3&token=*** # https://***@there/"
    assert masked("me@host") == "me@host"
