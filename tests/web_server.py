"""A web server on this machine that behaves as badly as a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """What the server has, and what it was asked for.

    Args:
        content: The file that every address has.
        etag: The tag of the file; None for a server that gives none.
        ranges: Whether it can send a part of the file.
        behave: Called with the handler and the number of the request, from 0, before anything is sent; returns whether
            it has answered.
    """

    content: bytes
    etag: str | None = '"one"'
    ranges: bool = True
    behave: Callable[[Handler, int], bool] = lambda handler, number: False
    requests: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def starts(self) -> list[int]:
        """Returns where each request asked to begin."""
        return [
            int(each.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-")) for each in self.requests
        ]


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        """Sends the file, or what the test does instead."""
        state = self.server.state
        number = len(state.requests)
        state.requests.append(
            {"path": self.path, **{key.lower(): value for key, value in self.headers.items()}}
        )
        if not state.behave(self, number):
            self.send_file()

    def send_file(
        self, content: bytes | None = None, *, length: int | None = None, cut: int | None = None
    ) -> None:
        """Sends a file, or the part of it that was asked for.

        Args:
            content: Another content.
            length: Another length to claim; negative for none.
            cut: Send so many bytes and end the connection.
        """
        state = self.server.state
        content = state.content if content is None else content
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        same = self.headers.get("If-Range") in (None, state.etag)
        if state.ranges and start and same:
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            content = content[start:]
        else:
            self.send_response(200)
        if state.etag is not None:
            self.send_header("ETag", state.etag)
        if length is None or length >= 0:
            self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content if cut is None else content[:cut])
        if cut is not None or length is not None:
            self.hang_up()

    def redirect(self, url: str) -> bool:
        """Sends the client elsewhere."""
        self.send_response(302)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def answer(self, status: int, **headers: str) -> bool:
        """Sends a status without a body."""
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        return True

    def hang_up(self) -> None:
        """Ends the connection."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Writes nothing."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    state: Server

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that went away."""


@contextmanager
def serving(state: Server) -> Iterator[Server]:
    """Runs the server; `state.url` is the address of a file on it."""
    http = _Http(("127.0.0.1", 0), Handler)
    http.state = state
    state.url = f"http://127.0.0.1:{http.server_address[1]}/data/file.bin"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
