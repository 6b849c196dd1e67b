"""Downloads from servers that break off, stall, lie and redirect."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from nnrun.config.datasets import Dataset
from nnrun.config.datasets.files import DownloadSection, FileSection
from nnrun.config.keras_object import KerasObject
from nnrun.data import download, http_requests, transfer
from nnrun.data.download import fetched, located, name_in, place_of, whereabouts
from nnrun.data.http_requests import authorization
from nnrun.data.loading import load_splits
from nnrun.data.progress import told_to
from nnrun.data.transfer import Remote
from nnrun.errors import DataError, EnvironmentFault, StorageError
from nnrun.events import DataProgress, Event, Message
from tests.image_files import class_files
from tests.web_server import Handler, Server, serving

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, and no waiting."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr(download, "FIRST_WAIT", 0.01)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that behaves until a test says otherwise."""
    with serving(Server(CONTENT)) as state:
        yield state


@pytest.fixture
def events() -> Iterator[list[Event]]:
    """What is told while the test runs."""
    found: list[Event] = []
    with told_to(found.append):
        yield found


def remote(server: Server, *, size: int | None = len(CONTENT), sha256: str | None = SHA256) -> Remote:
    """Returns the file of the server."""
    return Remote(server.url, "file.bin", size, sha256, "dataset.download")


def leftovers(path: Path) -> list[str]:
    """Returns the names beside a file."""
    return sorted(item.name for item in path.parent.iterdir() if item != path)


def warnings(events: list[Event]) -> list[str]:
    """Returns the warnings that were told."""
    return [event.text for event in events if isinstance(event, Message) and event.level == "warning"]


def npz() -> bytes:
    """Returns a file with an array of samples and one of labels."""
    buffer = io.BytesIO()
    np.savez(buffer, x=np.arange(12.0).reshape(6, 2), y=np.arange(6) % 2)
    return buffer.getvalue()


def zip_of_images() -> bytes:
    """Returns an archive with a folder for each of two classes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in class_files({"cat": 3, "dog": 3}).items():
            archive.writestr(name, content)
    return buffer.getvalue()


# --- What goes well ---------------------------------------------------------------------------------------


def test_a_file_is_fetched_once(server: Server, events: list[Event]) -> None:
    """The second time it is there; nothing but the file is left in its folder."""
    path = fetched(remote(server))
    assert path.read_bytes() == CONTENT
    assert path.name == "file.bin"
    assert leftovers(path) == []
    assert fetched(remote(server)) == path
    assert len(server.requests) == 1
    progress = [event for event in events if isinstance(event, DataProgress)]
    assert (progress[0].action, progress[0].done, progress[0].total) == ("download", 0, len(CONTENT))
    assert any(event.done == len(CONTENT) for event in progress)


@pytest.mark.parametrize(
    ("source", "options", "content"),
    [
        ("csv", {"target": "y"}, b"x,y\n" + b"1,a\n2,b\n" * 3),
        (
            "text",
            {"text": 1, "target": 0, "header": False, "delimiter": "\t"},
            b"a\tgood day\nb\tbad day\n" * 3,
        ),
        ("npz", {"x": "x", "y": "y"}, npz()),
        ("images", {}, zip_of_images()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_source_of_files_is_fetched(source: str, options: dict[str, Any], content: bytes) -> None:
    """A table, texts, arrays and an archive of images, each once, whatever the address is called."""
    with serving(Server(content)) as server:
        values = {
            "source": source,
            "download": {
                "url": server.url,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            },
            **options,
        }
        dataset: Dataset = TypeAdapter(Dataset).validate_python(values)
        for _ in range(2):
            splits = load_splits(dataset, KerasObject("loss", "sparse_categorical_crossentropy", None), 0)
            assert len(splits.train) == 6
        assert len(server.requests) == 1


def test_a_file_goes_where_the_config_says(server: Server, tmp_path: Path) -> None:
    """Folders on the way are made."""
    section = FileSection(
        path=str(tmp_path / "new" / "a.bin"), download=DownloadSection(url=server.url, sha256=SHA256)
    )
    assert whereabouts(section) is None
    assert located(section) == tmp_path / "new" / "a.bin"
    assert whereabouts(section) == tmp_path / "new" / "a.bin"
    assert leftovers(tmp_path / "new" / "a.bin") == []


def test_a_file_that_is_there_is_not_fetched(server: Server, tmp_path: Path) -> None:
    """Neither a file that was put there by hand, nor a folder with what it holds."""
    place = place_of(server.url)
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    assert located(FileSection(download=DownloadSection(url=server.url, sha256=SHA256))) == place
    folder = FileSection(path=str(tmp_path), download=DownloadSection(url=server.url, sha256=SHA256))
    assert located(folder) == tmp_path
    assert server.requests == []


def test_a_redirect_is_followed(server: Server) -> None:
    """Most archives are behind one."""
    server.behave = lambda handler, number: number < 3 and handler.redirect(f"/data/{number}")
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert [request["path"] for request in server.requests] == [
        "/data/file.bin",
        "/data/0",
        "/data/1",
        "/data/2",
    ]


def test_a_file_of_unknown_size_is_fetched(server: Server) -> None:
    """A server need not say how long the file is."""

    def chunked(handler: Handler, number: int) -> bool:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(CONTENT), 100_000):
            piece = CONTENT[start : start + 100_000]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")
        return True

    server.behave = chunked
    assert fetched(remote(server, size=None, sha256=None)).read_bytes() == CONTENT


# --- Breaking off -----------------------------------------------------------------------------------------


def test_a_transfer_goes_on_where_it_broke_off(server: Server, events: list[Event]) -> None:
    """Only the rest is asked for, and only of the same file."""
    server.behave = lambda handler, number: number < 2 and (handler.send_file(cut=200_000), True)[1]
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert server.starts() == [0, 200_000, 400_000]
    assert server.requests[1]["if-range"] == '"one"'
    assert "broke off after 200,000 of 512,000 bytes" in warnings(events)[0]


def test_another_process_goes_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier process left is used."""
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    server.behave = lambda handler, number: number == 0 and (handler.send_file(cut=300_000), True)[1]
    with pytest.raises(EnvironmentFault, match="broke off"):
        fetched(remote(server))
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert server.starts() == [0, 300_000]


@pytest.mark.parametrize("tag", ['W/"weak"', None])
def test_without_a_firm_tag_only_a_checksum_allows_resuming(server: Server, tag: str | None) -> None:
    """Two halves of different files would make a file that nobody has."""
    server.etag = tag
    server.behave = lambda handler, number: number % 2 == 0 and (handler.send_file(cut=1000), True)[1]
    fetched(remote(server, sha256=None))
    assert server.starts() == [0, 0]
    place_of(server.url).unlink()
    fetched(remote(server))
    assert server.starts() == [0, 0, 0, 1000]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: Server) -> None:
    """The server then sends all of it."""

    def change(handler: Handler, number: int) -> bool:
        if number == 0:
            handler.send_file(b"old" * 100_000, cut=1000)
            server.etag = '"two"'
            return True
        return False

    server.behave = change
    assert fetched(remote(server, size=None)).read_bytes() == CONTENT
    assert server.starts() == [0, 1000]


def test_a_server_without_ranges_sends_it_again(server: Server) -> None:
    """Nothing is glued together that does not belong together."""
    server.ranges = False
    server.behave = lambda handler, number: number == 0 and (handler.send_file(cut=5000), True)[1]
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert server.starts() == [0, 5000]


def test_another_range_than_the_one_asked_for_is_refused(server: Server) -> None:
    """A part at the wrong place is not taken."""

    def shifted(handler: Handler, number: int) -> bool:
        if number == 0:
            handler.send_file(cut=5000)
        elif number == 1:
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
            handler.send_header("Content-Length", str(len(CONTENT)))
            handler.end_headers()
            handler.wfile.write(CONTENT)
        return number < 2

    server.behave = shifted
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert server.starts() == [0, 5000, 0]


def test_a_part_that_is_complete_is_taken(server: Server) -> None:
    """A process that was killed before the end of its work has the file already."""
    server.etag = None
    place = place_of(server.url)
    fetched(remote(server, sha256=None))
    transfer.Part(place.with_name(".file.bin.part")).begin(remote(server), '"one"')
    place.rename(place.with_name(".file.bin.part"))
    assert fetched(remote(server, sha256=None)).read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_a_part_that_is_too_long_is_thrown_away(server: Server) -> None:
    """The server has no such range."""
    part = place_of(server.url).with_name(".file.bin.part")
    part.parent.mkdir(parents=True)
    transfer.Part(part).begin(remote(server), '"one"')
    part.write_bytes(b"x" * (len(CONTENT) + 5))
    assert fetched(remote(server, size=None)).read_bytes() == CONTENT
    assert server.starts() == [len(CONTENT) + 5, 0]


def test_a_damaged_part_is_fetched_again(server: Server, events: list[Event]) -> None:
    """The checksum shows that the beginning was not what it should have been."""
    part = place_of(server.url).with_name(".file.bin.part")
    part.parent.mkdir(parents=True)
    transfer.Part(part).begin(remote(server), '"one"')
    part.write_bytes(b"x" * 1000)
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert server.starts() == [1000, 0]
    assert "it was resumed, so it is fetched again" in warnings(events)[0]


def test_it_is_not_tried_for_ever(server: Server, events: list[Event]) -> None:
    """After five attempts that get nowhere, one message says what to do by hand."""
    server.behave = lambda handler, number: (handler.hang_up(), True)[1]
    with pytest.raises(EnvironmentFault) as error:
        fetched(remote(server))
    assert len(server.requests) == 5
    assert len(warnings(events)) == 4
    assert error.value.message.startswith(f"cannot fetch {server.url}: ")
    assert f"put it at {place_of(server.url)} (512,000 bytes, SHA-256 {SHA256})" in error.value.advice


def test_a_server_that_falls_silent_is_left(
    server: Server, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is open and gives nothing must not be waited for all night."""
    monkeypatch.setattr(http_requests, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(transfer, "SILENT_SECONDS", 0.2)

    def stall(handler: Handler, number: int) -> bool:
        if number == 0:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(CONTENT)))
            handler.end_headers()
            handler.wfile.write(CONTENT[:100])
            handler.wfile.flush()
            time.sleep(0.6)
        return number == 0

    server.behave = stall
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert "nothing came for 0 seconds" in warnings(events)[0]


def test_a_server_that_trickles_is_left(
    server: Server, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then would keep a timeout from ever being reached."""
    monkeypatch.setattr(transfer, "SILENT_SECONDS", 0.2)

    def trickle(handler: Handler, number: int) -> bool:
        if number == 0:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(CONTENT)))
            handler.end_headers()
            for start in range(40):
                handler.wfile.write(CONTENT[start : start + 1])
                handler.wfile.flush()
                time.sleep(0.02)
        return number == 0

    server.behave = trickle
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert "bytes came in" in warnings(events)[0]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: Server, status: int) -> None:
    """These answers say to come back."""
    server.behave = lambda handler, number: number < 2 and handler.answer(status)
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_a_server_says_how_long_to_wait(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Retry-After` is obeyed, unless it asks for more than a minute."""
    waits: list[float] = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    server.behave = lambda handler, number: number == 0 and handler.answer(503, Retry_After="7")
    fetched(remote(server))
    assert waits == [7]
    place_of(server.url).unlink()
    server.behave = lambda handler, number: handler.answer(503, Retry_After="3600")
    with pytest.raises(EnvironmentFault, match="503 Service Unavailable"):
        fetched(remote(server))


# --- Wrong files ------------------------------------------------------------------------------------------


def test_another_size_is_refused_before_anything_is_fetched(server: Server) -> None:
    """The server says it in its answer."""
    with pytest.raises(DataError, match=r"has 512,000 bytes .* but dataset.download.bytes is 99") as error:
        fetched(remote(server, size=99))
    assert "the file has changed" in error.value.advice
    assert not place_of(server.url).exists()


def test_a_server_that_lies_about_the_size_is_caught(server: Server) -> None:
    """Fewer bytes than it claims are a broken connection, more than that another file."""
    server.ranges = False
    server.behave = lambda handler, number: (handler.send_file(length=len(CONTENT), cut=10), True)[1]
    with pytest.raises(EnvironmentFault, match="broke off after 10 of 512,000 bytes"):
        fetched(remote(server, sha256=None))
    server.behave = lambda handler, number: (handler.send_file(CONTENT + b"more", length=-1), True)[1]
    with pytest.raises(DataError, match="sends more than the 512,000 bytes"):
        fetched(remote(server))
    assert not place_of(server.url).exists()


def test_other_bytes_are_refused_and_not_kept(server: Server) -> None:
    """A page of a hotel's network is no archive."""
    server.content = b"<html>" * (len(CONTENT) // 6) + b"  "
    assert len(server.content) == len(CONTENT)
    with pytest.raises(DataError, match=f"its SHA-256 is .* dataset.download.sha256 is {SHA256}"):
        fetched(remote(server))
    assert len(server.requests) == 1
    assert leftovers(place_of(server.url)) == []


def test_a_wrong_file_of_the_user_is_not_replaced(server: Server, tmp_path: Path) -> None:
    """What the user put there may be dear to him; the message says how to go on."""
    path = tmp_path / "mine.bin"
    path.write_bytes(b"mine")
    with pytest.raises(DataError, match=r"it has 4 bytes, but dataset.download.bytes is 512,000") as error:
        fetched(remote(server), path)
    assert "dataset.download=null" in error.value.advice
    assert path.read_bytes() == b"mine"


def test_a_changed_file_in_the_cache_is_noticed(server: Server) -> None:
    """The checksum is remembered only while the file stays as it is."""
    path = fetched(remote(server))
    fetched(remote(server))
    path.write_bytes(b"x" * len(CONTENT))
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_new_checksum_in_the_config_fetches_a_new_file(server: Server) -> None:
    """The old file in the cache is not the one that is wanted any more."""
    fetched(remote(server))
    server.content = CONTENT[::-1]
    new = remote(server, sha256=hashlib.sha256(server.content).hexdigest())
    assert fetched(new).read_bytes() == server.content


def test_an_empty_answer_is_no_file(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nothing is known about the file."""
    monkeypatch.setattr(download, "ATTEMPTS", 2)
    server.content = b""
    with pytest.raises(EnvironmentFault, match="the server sent nothing"):
        fetched(remote(server, size=None, sha256=None))


# --- Where nothing is fetched -----------------------------------------------------------------------------


def test_a_missing_file_is_told_at_once(server: Server) -> None:
    """404 does not get better."""
    server.behave = lambda handler, number: handler.answer(404)
    with pytest.raises(EnvironmentFault, match="the server answers 404 Not Found"):
        fetched(remote(server))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "http://me:pw@127.0.0.1/x"]
)
def test_a_redirect_to_elsewhere_is_not_followed(server: Server, target: str) -> None:
    """A server must not make nnrun read files of this machine, or log in."""
    server.behave = lambda handler, number: handler.redirect(target)
    with pytest.raises(EnvironmentFault, match="redirects to an address that is not followed"):
        fetched(remote(server))
    assert len(server.requests) == 1


def test_a_circle_of_redirects_ends(server: Server) -> None:
    """Five are enough for any honest server."""
    server.behave = lambda handler, number: handler.redirect(server.url)
    with pytest.raises(EnvironmentFault, match="more than 5 redirects"):
        fetched(remote(server))
    assert len(server.requests) == 6


def test_only_http_is_fetched(tmp_path: Path) -> None:
    """Whoever asks for another address."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    with pytest.raises(EnvironmentFault, match="only addresses with http and https"):
        fetched(Remote(secret.as_uri(), "secret"))


def test_without_a_network_one_message_says_what_to_do(events: list[Event]) -> None:
    """Nothing listens there, as behind a closed network: it is not tried again and again."""
    url = "http://127.0.0.1:9/a/b.tar.gz"
    with pytest.raises(EnvironmentFault) as error:
        fetched(Remote(url, "b.tar.gz", 17))
    assert error.value.message == f"cannot fetch {url}: connection refused"
    assert error.value.advice == (
        f"download {url} on another machine and put it at {place_of(url)} (17 bytes)"
    )
    assert warnings(events) == []


def test_a_full_disk_is_told_before_the_transfer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is named."""
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageError, match="512,000 bytes are to come, and only 1,000 are free") as error:
        fetched(remote(server))
    assert "NNRUN_CACHE" in error.value.advice


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file that nobody can write")
def test_a_folder_that_cannot_be_made_is_a_storage_error(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file where a folder should be, as permission bits mean nothing to root."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(StorageError, match="Not a directory") as error:
        fetched(remote(server))
    assert "NNRUN_CACHE" in error.value.advice


# --- Logins -----------------------------------------------------------------------------------------------


def test_a_login_is_sent_to_its_host_only(server: Server, tmp_path: Path) -> None:
    """It comes from the netrc file, and a redirect does not carry it elsewhere."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password pa55\n")
    with serving(Server(CONTENT)) as other:
        server.behave = lambda handler, number: handler.redirect(other.url)
        fetched(remote(server))
        assert server.requests[0]["authorization"] == "Basic bWU6cGE1NQ=="
        assert "authorization" not in other.requests[0]


def test_a_login_is_not_sent_unencrypted(tmp_path: Path) -> None:
    """Except to this very machine."""
    (tmp_path / "netrc").write_text("machine example.org login me password pa55\n")
    assert authorization("http://example.org/x") is None
    assert authorization("https://example.org/x") is not None
    assert authorization("https://example.com/x") is None


def test_a_broken_netrc_does_not_show_its_passwords(tmp_path: Path) -> None:
    """The message has the file and the line."""
    (tmp_path / "netrc").write_text("machine example.org login me\nsecret pa55 pa55\n")
    with pytest.raises(EnvironmentFault, match="line") as error:
        authorization("https://example.org/x")
    assert "pa55" not in error.value.message


def test_a_refused_login_says_where_to_put_one(server: Server) -> None:
    """The config is not the place for it."""
    server.behave = lambda handler, number: handler.answer(401)
    with pytest.raises(EnvironmentFault, match=r"401 Unauthorized; a login belongs into ~/.netrc"):
        fetched(remote(server))


# --- Several processes ------------------------------------------------------------------------------------

FETCH = """
import sys
from nnrun.data.download import fetched
from nnrun.data.transfer import Remote
print(fetched(Remote(sys.argv[1], "file.bin", None, sys.argv[2])))
"""


def test_processes_fetch_a_file_once(server: Server) -> None:
    """Four processes want it at the same time; one of them fetches it, the others wait."""

    def slowly(handler: Handler, number: int) -> bool:
        time.sleep(0.5)
        return False

    server.behave = slowly
    command = [sys.executable, "-c", FETCH, server.url, SHA256]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert answers == {str(place_of(server.url))}
    assert len(server.requests) == 1


def test_a_killed_process_leaves_no_lock_and_a_part(server: Server) -> None:
    """The next one goes on with what it left."""

    def stop(handler: Handler, number: int) -> bool:
        if number == 0:
            handler.send_response(200)
            handler.send_header("ETag", '"one"')
            handler.send_header("Content-Length", str(len(CONTENT)))
            handler.end_headers()
            handler.wfile.write(CONTENT[:100_000])
            handler.wfile.flush()
            time.sleep(5)
        return number == 0

    server.behave = stop
    process = subprocess.Popen([sys.executable, "-c", FETCH, server.url, SHA256])
    part = place_of(server.url).with_name(".file.bin.part")
    deadline = time.monotonic() + 30
    while (not part.exists() or part.stat().st_size < 100_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert fetched(remote(server)).read_bytes() == CONTENT
    assert server.starts() == [0, 100_000]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/a/notMNIST_small.tar.gz", "notMNIST_small.tar.gz"),
        ("http://h/a%2Fb.zip?x=1", "b.zip"),
        ("http://h/", "download"),
        ("http://h/..", "download"),
        ("http://h/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd"),
        ("http://h/.hidden", "hidden"),
        ("http://h/a%00b%1b[31m.zip", "a_b_31m.zip"),
        ("http://h/" + "x" * 300 + ".zip", "x" * 96 + ".zip"),
    ],
)
def test_names_out_of_addresses_are_harmless(url: str, name: str) -> None:
    """No folder, no hidden file, no control character, no endless name."""
    assert name_in(url) == name
