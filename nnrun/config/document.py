"""A config's text as values that remember their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nnrun.config.compose import compose
from nnrun.config.limits import MAX_BYTES
from nnrun.config.nodes import Entry, ListNode, MappingNode, Node, plain_data
from nnrun.config.problems import ConfigError, KeyPath, Place, Problem, Source
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class Document:
    """A config file, with the overrides that were applied to it.

    Args:
        source: The file.
        root: Its values.
        problems: What was wrong with it without making it unreadable, such as duplicate keys.
        bases: The files that it extends, the nearest first.
        incomplete: Whether one of those could not be read, so that nothing can be said to be missing.
    """

    source: Source
    root: MappingNode
    problems: tuple[Problem, ...] = ()
    bases: tuple[Source, ...] = ()
    incomplete: bool = False

    def data(self) -> dict[str, Any]:
        """Returns the values as dicts, lists and scalars; each call returns new ones."""
        data: dict[str, Any] = plain_data(self.root)
        return data

    def node(self, path: KeyPath) -> Node | None:
        """Returns the value at a path, or None."""
        found = self._walk(path)
        return found[-1].node if len(found) == len(path) + 1 else None

    def place(self, path: KeyPath, at: Literal["key", "value"] = "value") -> Place:
        """Returns where a key or value stands, or the nearest one above it that is in the text.

        Args:
            path: The key path.
            at: Which of the two to point at. Items of a list have no key: their value is meant.
        """
        found = self._walk(path)
        last = found[-1]
        if len(found) <= len(path) and len(found) > 1:
            at = "key"  # the value itself is missing: what lacks it is named by its key
        return last.key if at == "key" else last.node.place

    def _walk(self, path: KeyPath) -> list[Entry]:
        found = [Entry(self.root.place, self.root)]
        for part in path:
            node = found[-1].node
            if isinstance(node, MappingNode) and isinstance(part, str) and part in node.entries:
                found.append(node.entries[part])
            elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
                item = node.items[part]
                found.append(Entry(item.place, item))
            else:
                break
        return found


def read_source(path: Path) -> tuple[Source, bytes]:
    """Reads a config file.

    Returns:
        The text, without a byte-order mark, and the bytes as they are.

    Raises:
        DataError: There is no such file, or it cannot be read.
        ConfigError: It is too large, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if path.is_symlink():
            raise DataError(
                f"no config file {str(path)!r}: it is a link to {str(path.readlink())!r}"
            ) from None
        raise DataError(f"no config file {str(path)!r}", _similar_file(path)) from None
    except IsADirectoryError:
        raise DataError(f"expected a config file, {str(path)!r} is a folder", _files_in(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read the config file {str(path)!r}: {reason}") from None
    name = str(path)
    if len(content) > MAX_BYTES:
        source = Source(name, "")
        message = f"expected at most {MAX_BYTES:,} bytes, the file is larger"
        raise ConfigError([Problem("too-large", message, Place(source, 1, 1), hint="is this a config file?")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([_not_utf8(name, content, error)]) from None
    return Source(name, text), content


def parse_document(source: Source) -> Document:
    """Reads the text of a config file, which must be one mapping.

    Raises:
        ConfigError: It is not YAML, exceeds a limit, or is no mapping.
    """
    root, problems = compose(source)
    if isinstance(root, MappingNode):
        return Document(source, root, tuple(problems))
    hint = "start with the sections dataset:, model: and compile:"
    if root is None or (getattr(root, "value", "") is None and getattr(root, "plain", False)):
        message = "expected a config, the file is empty"
        place = Place(source, 1, 1)
    elif isinstance(root, ListNode):
        message, place = "expected a mapping of sections at the top, received a list", root.place
    else:
        message, place = "expected a mapping of sections at the top, received a single value", root.place
    code = "empty-file" if "empty" in message else "wrong-type"
    raise ConfigError([*problems, Problem(code, message, place, hint=hint)])


def in_order(document: Document, problems: Sequence[Problem]) -> list[Problem]:
    """Returns problems by line: those of the file first, then of what it extends, then of the arguments."""
    files = {source.name: number for number, source in enumerate((document.source, *document.bases))}

    def order(problem: Problem) -> tuple[int, int, int]:
        place = problem.place
        if place is None or place.source.kind == "argument":
            return (len(files) + (2 if place else 1), 0, 0)
        return (files.get(place.source.name, len(files)), place.line, place.column)

    return sorted(problems, key=order)


def _not_utf8(name: str, content: bytes, error: UnicodeDecodeError) -> Problem:
    before = content[: error.start].decode("utf-8-sig")
    source = Source(name, content.decode("utf-8-sig", errors="replace"))
    lines = before.split("\n")
    hint = "save the file as UTF-8"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        hint = "the file is UTF-16: save it as UTF-8"
    return Problem(
        "not-utf8",
        f"expected UTF-8 text, received the byte 0x{content[error.start]:02x}",
        Place(source, len(lines), len(lines[-1]) + 1),
        hint=hint,
    )


def _similar_file(path: Path) -> str:
    from difflib import get_close_matches

    try:
        names = [item.name for item in path.parent.iterdir()]
    except OSError:
        return f"there is no folder {str(path.parent)!r} either"
    close = get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"did you mean {str(path.with_name(close[0]))!r}?" if close else ""


def _files_in(path: Path) -> str:
    try:
        names = sorted(str(item) for item in path.iterdir() if item.suffix in (".yaml", ".yml"))
    except OSError:
        return "name a YAML file"
    return f"name one of its files, such as {names[0]!r}" if names else "name a YAML file"
