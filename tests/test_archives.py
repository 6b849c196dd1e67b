"""Archives from elsewhere: what is in them, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.data import archives
from nnrun.data.archives import extracted, is_archive, reading
from nnrun.data.names import path_fault
from nnrun.data.tar_stream import ArchiveError, TarStream
from nnrun.errors import DataError

FILES = {"top.txt": b"top", "a/one.png": b"1" * 700, "a/b/two.png": b"", "ä/ü.png": b"x" * 512}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))


def contents(path: Path) -> dict[str, bytes]:
    """Returns what is in an archive."""
    with reading(path) as members:
        return {member.name: member.read() for member in members}


def tar_of(files: dict[str, bytes], format: int = tarfile.PAX_FORMAT, **attributes: object) -> bytes:  # noqa: A002
    """Returns a tar archive; attributes are set on every member."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    """Returns a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def written(folder: Path, content: bytes, name: str = "archive") -> Path:
    """Returns a file with this content."""
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(path: Path) -> str:
    """Returns the message of an archive that is refused when it is extracted; nothing may be left of it."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(DataError) as error:
        extracted(path)
    left = [item for item in path.parent.rglob("*") if item.is_file() and "locks" not in item.parts]
    assert [item for item in left if item not in before] == []
    return error.value.message


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_all_kinds_of_tar_are_read(tmp_path: Path, format: int, pack: Callable[[bytes], bytes]) -> None:  # noqa: A002
    """The name of the file does not matter, its first bytes do."""
    long = {"/".join(["folder" * 10] * 4) + "/" + "n" * 90: b"long"} if format else FILES
    path = written(tmp_path, pack(tar_of({**FILES, **long}, format)))
    assert is_archive(path)
    assert contents(path) == {**FILES, **long}


def test_zip_is_read(tmp_path: Path) -> None:
    """With folders as entries of their own, and an empty one."""
    path = written(tmp_path, zip_of({"a/": b"", **FILES}))
    assert is_archive(path)
    assert contents(path) == FILES
    assert contents(written(tmp_path, zip_of({}), "empty")) == {}


def test_what_tar_itself_writes_is_read(tmp_path: Path) -> None:
    """The folder that was packed is `./`."""
    source = tmp_path / "source"
    for name, content in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    (source / ("n" * 200)).write_bytes(b"long")
    subprocess.run(["tar", "czf", str(tmp_path / "a.tgz"), "-C", str(source), "."], check=True)
    assert contents(tmp_path / "a.tgz") == {**FILES, "n" * 200: b"long"}


def test_members_may_be_skipped(tmp_path: Path) -> None:
    """Not reading a member leads to the next one all the same."""
    path = written(tmp_path, tar_of(FILES))
    with reading(path) as members:
        assert [member.name for member in members] == list(FILES)


def test_an_archive_is_extracted_once(tmp_path: Path) -> None:
    """And anew when it has changed."""
    path = written(tmp_path, gzip.compress(tar_of(FILES)), "a.tar.gz")
    folder = extracted(path)
    assert {str(item.relative_to(folder)) for item in folder.rglob("*") if item.is_file()} == set(FILES)
    for name, content in FILES.items():
        assert (folder / name).read_bytes() == content
        assert not os.access(folder / name, os.X_OK) or os.geteuid() == 0
    marked = folder / "marked"
    marked.touch()
    assert extracted(path) == folder
    assert marked.exists()
    path.write_bytes(gzip.compress(tar_of({"new": b""})))
    assert [item.name for item in extracted(path).iterdir()] == ["new"]
    assert not folder.exists()


# --- What is refused --------------------------------------------------------------------------------------

PATHS = {
    "../out.txt": "a path that leads upwards",
    "a/../../out.txt": "a path that leads upwards",
    "a/..": "a path that leads upwards",
    "..\\out.txt": "a path that leads upwards",
    "/out.txt": "an absolute path",
    "//out.txt": "an absolute path",
    "\\out.txt": "an absolute path",
    "C:/out.txt": "an absolute path",
    "c:out.txt": "an absolute path",
    "n" * 256: "more than 255 bytes",
    "ä" * 128: "more than 255 bytes",
    "/".join("a" * 70): "more than 64 folders",
}


@pytest.mark.parametrize("name", PATHS, ids=lambda name: name[:12])
@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_a_path_that_leads_out_is_refused(
    tmp_path: Path, name: str, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    """Nothing is written outside of the folder, and nothing stays in it."""
    inside = tmp_path / "inside"
    inside.mkdir()
    message = refusal(written(inside, pack({"good.txt": b"", name: b"bad"})))
    assert PATHS[name] in message
    assert (f"member '{name}'" if len(name) < 100 else "…") in message
    assert not (tmp_path / "out.txt").exists()
    assert not Path("/out.txt").exists()


KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a link to another member",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a file with holes",
    b"Z": "of the unknown kind b'Z'",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_that_is_no_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    """Links lead out of the folder, and devices are no data."""
    content = tar_of({"a": b"", "evil": b""}, tarfile.GNU_FORMAT, type=kind, linkname="/etc/passwd")
    message = refusal(written(tmp_path, content))
    assert f"member 'a' is refused: {KINDS[kind]}" in message


@pytest.mark.parametrize(
    ("mode", "what"),
    [(stat.S_IFLNK, "a symbolic link"), (stat.S_IFCHR, "a device"), (stat.S_IFIFO, "a device")],
)
def test_a_link_in_a_zip_is_refused(tmp_path: Path, mode: int, what: str) -> None:
    """Unix keeps the kind of a file in the upper half of its attributes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("evil")
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert f"member 'evil' is refused: {what}" in refusal(written(tmp_path, buffer.getvalue()))


def test_a_name_with_a_null_byte_is_refused(tmp_path: Path) -> None:
    """Python's own reader cuts it off there."""
    content = zip_of({"good.txtX../../x": b""}).replace(b"good.txtX", b"good.txt\0")
    assert "a NUL byte in its name" in refusal(written(tmp_path, content))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("other", ["a/x", "./a/x", "a//x"])
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path, other: str) -> None:
    """Which of the two was meant, nobody knows."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("a/x", other):
            archive.addfile(tarfile.TarInfo(name))
    assert "member 'a/x' is refused: a name that is there twice" in refusal(
        written(tmp_path, buffer.getvalue())
    )
    with zipfile.ZipFile(tmp_path / "z", "w") as zipped:
        zipped.writestr("a/x", "1")
        zipped.writestr(other, "2")
    assert "a name that is there twice" in refusal(tmp_path / "z")


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    """`a` cannot be both."""
    for number, names in enumerate((("a", "a/b"), ("a/b", "a"))):
        path = written(tmp_path, tar_of(dict.fromkeys(names, b"")), str(number))
        assert "a name that another member has on this disk" in refusal(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_is_refused(
    tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The member that goes too far is named before it is unpacked."""
    monkeypatch.setattr(archives, "FREE_BYTES", 1_000_000)
    path = written(tmp_path, pack(tar_of({"good": b"x", "bomb": b"\0" * 5_000_000})))
    assert "member 'bomb' is refused: 5,000,001 bytes up to it" in refusal(path)


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All members count together."""
    monkeypatch.setattr(archives, "FREE_BYTES", 1_000_000)
    path = written(tmp_path, zip_of({str(number): b"\0" * 300_000 for number in range(10)}))
    assert "member '3' is refused: 1,200,000 bytes up to it" in refusal(path)


def test_a_member_larger_than_it_says_is_found_out(tmp_path: Path) -> None:
    """The size in the directory of a zip is a claim."""
    content = zip_of({"liar": b"\0" * 100_000})
    size = (100_000).to_bytes(4, "little")
    assert content.count(size) == 2
    message = refusal(written(tmp_path, content.replace(size, (10).to_bytes(4, "little"))))
    assert "cannot be read, after member 'liar'" in message


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number is bounded, whatever their size."""
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    path = written(tmp_path, tar_of({str(number): b"" for number in range(5)}))
    assert "member '3' is refused: more than 3 members" in refusal(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    """There is no password to ask for."""
    content = bytearray(zip_of({"a": b"x"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    assert "member 'a' is refused: encrypted" in refusal(written(tmp_path, bytes(content)))


@pytest.mark.parametrize("header", [{"path": "everything"}, {"size": "1"}])
def test_one_name_for_all_is_refused(tmp_path: Path, header: dict[str, str]) -> None:
    """A global header with a path would rename every member."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers=header) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    assert "gives all members one name or size" in refusal(written(tmp_path, buffer.getvalue()))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"x" * 2000, b"\0" * 2000])
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    """With how it begins, which often tells what came instead."""
    path = written(tmp_path, content)
    assert not is_archive(path)
    assert f"is no archive: it begins with {content[:12]!r}" in refusal(path)


def test_a_compressed_file_that_is_no_tar_is_told(tmp_path: Path) -> None:
    """A single compressed table, say."""
    assert "it is no tar archive" in refusal(written(tmp_path, gzip.compress(b"a,b\n" * 500)))


def test_an_archive_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As any other file."""
    with pytest.raises(DataError, match="cannot be read: No such file"), reading(tmp_path / "none"):
        pass


# --- Damage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_truncated_tar_is_never_taken_for_a_whole_one(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    """Wherever it ends: `tarfile` takes what ends between two members for complete."""
    whole = pack(tar_of(FILES, tarfile.GNU_FORMAT))
    ends = (
        {*range(0, len(whole), 37), *range(0, min(len(whole), 4 * 1024), 512)}
        if pack is bytes
        else range(len(whole))
    )
    end_mark = 4 * 512 + 1024 + 512 + 512
    for end in ends:
        # What is left of the zeros at the end of a plain archive says that it is whole.
        if pack is bytes and end >= end_mark + 512:
            continue
        path = written(tmp_path, whole[:end])
        with pytest.raises(DataError):
            contents(path)


def test_members_after_the_end_are_told(tmp_path: Path) -> None:
    """Two archives one after the other: half of it would be left out without a word."""
    with pytest.raises(DataError, match="there are more members after its end"):
        contents(written(tmp_path, tar_of({"a": b""}) + tar_of({"b": b""})))


def test_a_damaged_header_is_told(tmp_path: Path) -> None:
    """With the member before it."""
    content = bytearray(tar_of({"a": b"x", "b": b"y", "c": b"z"}, tarfile.GNU_FORMAT))
    content[1024 + 3] ^= 1
    with pytest.raises(DataError, match="after member 'a': a header in it is damaged"):
        contents(written(tmp_path, bytes(content)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_flipped_bytes_only_raise_errors_of_nnrun(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A damaged archive is an error, or reads as some files; nothing else comes out."""
    pack = data.draw(st.sampled_from([bytes, gzip.compress, bz2.compress, lzma.compress]))
    kind = data.draw(st.sampled_from([tar_of, zip_of]))
    content = bytearray(kind(FILES) if kind is zip_of else pack(tar_of(FILES)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = written(tmp_path_factory.mktemp("flipped"), bytes(content))
    try:
        found = contents(path)
    except DataError:
        return
    assert all(path_fault(name) is None for name in found)


NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=120
)


@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(NAMES.filter(lambda name: not name.endswith("/")), min_size=1, max_size=4, unique=True),
    format=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_tar_is_read_as_tarfile_reads_it(names: list[str], format: int) -> None:  # noqa: A002
    """Any name, in both formats for long ones."""
    content = tar_of({name: name.encode() for name in names}, format)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        expected = {member.name for member in archive}
    stream = TarStream(io.BytesIO(content))
    found = {header.name: stream.read(header.size) for header in stream}
    assert set(found) == expected
    assert set(found.values()) == {name.encode() for name in names}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2048))
def test_any_bytes_are_a_tar_or_an_error(content: bytes) -> None:
    """Whatever somebody calls an archive."""
    stream = TarStream(io.BytesIO(content))
    with pytest.raises(ArchiveError):
        for header in stream:
            stream.read(header.size)


@settings(max_examples=300, deadline=None)
@given(name=st.one_of(NAMES, st.text("./\\aC:", max_size=12)))
def test_no_accepted_path_leaves_its_folder(name: str) -> None:
    """By the rules of the system, not by those that it was checked with."""
    if path_fault(name) is None:
        assert os.path.normpath(os.path.join("/base", name)).startswith("/base/")  # noqa: PTH118 - the rule itself


def test_a_name_that_is_no_utf_8_stays_what_it_is(tmp_path: Path) -> None:
    """Its bytes come back on disk."""
    name = os.fsdecode(b"caf\xe9.png")
    path = written(tmp_path, tar_of({name: b"x"}, tarfile.GNU_FORMAT))
    (file,) = extracted(path).iterdir()
    assert os.fsencode(file.name) == b"caf\xe9.png"


EXTRACT = """
import sys
from pathlib import Path
from nnrun.data.archives import extracted
print(extracted(Path(sys.argv[1])))
"""


def test_processes_extract_an_archive_once(tmp_path: Path) -> None:
    """All of them get the same folder, complete."""
    path = written(tmp_path, tar_of({f"{number}.txt": b"x" for number in range(500)}))
    command = [sys.executable, "-c", EXTRACT, str(path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    (folder,) = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(list(Path(folder).iterdir())) == 500
