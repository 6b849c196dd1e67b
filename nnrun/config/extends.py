"""`extends: base.yaml`: a config that says only how it differs from another one.

The base is read first, with its own base if it has one, and the config is laid over it:

- mappings merge, key by key; a key that the config does not name keeps the base's value;
- lists, numbers and texts replace what the base says; `null` does too;
- a Keras object is one value: `Name: {argument: value}` merges its arguments with a base's object of the same
  name, replaces one of another name as a whole, and a bare `Name` replaces either, so that no argument of
  `Adam` ends up in `SGD`;
- in the same way, a `dataset` that names another `source` or `generator` replaces the base's as a whole;
- `name` is inherited like every other key; where no file of the chain has one, the file that was given to
  the command lends its own;
- a base is found relative to the file that names it, and so is `dataset.path` to the file that says it.

Every value remembers the file that it was written in, so problems, and the origins in `show`, point there.
Overrides apply after all of this.
"""

from __future__ import annotations

import os.path
from dataclasses import replace
from pathlib import Path

from nnrun.config.document import Document, parse_document, read_source
from nnrun.config.limits import MAX_BASES
from nnrun.config.nodes import Entry, ListNode, MappingNode, Node, ScalarNode
from nnrun.config.object_places import class_name, is_object
from nnrun.config.problems import ConfigError, KeyPath, Place, Problem
from nnrun.config.suggestions import bare
from nnrun.errors import DataError

_KEY = "extends"


def extended(document: Document, path: Path) -> Document:
    """Lays a config over what it extends.

    A base that cannot be used is a problem of the document, which is then `incomplete`.

    Args:
        document: The config as its own file has it.
        path: Its file.
    """
    return _extended(document, path, ())


def _extended(document: Document, path: Path, below: tuple[Path, ...]) -> Document:
    """Lays a document over its base; `below` are the files that extend it, the command's own first."""
    entry = document.root.entries.get(_KEY)
    if entry is None:
        return document
    own = {key: value for key, value in document.root.entries.items() if key != _KEY}
    document = replace(document, root=replace(document.root, entries=own))
    chain = (*below, path)
    try:
        base_path = _base_path(entry, chain)
        base = _extended(_read(base_path, entry.node), base_path, chain)
    except ConfigError as error:
        return replace(document, problems=(*document.problems, *error.problems), incomplete=True)
    root = _merged(base.root, document.root, ())
    assert isinstance(root, MappingNode)  # noqa: S101 - both are mappings
    return Document(
        document.source,
        root,
        (*document.problems, *base.problems),
        bases=(base.source, *base.bases),
        incomplete=base.incomplete,
    )


def _base_path(entry: Entry, chain: tuple[Path, ...]) -> Path:
    """Returns the file that a value of `extends` names.

    Raises:
        ConfigError: It names none, or one that must not be read (again).
    """
    node = entry.node
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value:
        what = "a list" if isinstance(node, ListNode) else "a mapping"
        if isinstance(node, ScalarNode):
            what = "nothing" if node.value in (None, "") else repr(node.value)
        hint = "name one file; that file can extend another one" if isinstance(node, ListNode) else ""
        message = f"expected the path of a config file, received {what}"
        raise _problem("wrong-type", message, node.place, hint or "write for instance extends: base.yaml")
    try:
        written = Path(node.value).expanduser()
    except RuntimeError:  # "~name" of a user who does not exist: then it is a name like any other
        written = Path(node.value)
    base = Path(os.path.normpath(chain[-1].parent / written))
    files = [os.path.realpath(file) for file in chain]
    if os.path.realpath(base) in files:
        circle = [*map(str, chain[files.index(os.path.realpath(base)) :]), str(base)]
        if len(circle) == 2:
            raise _problem("extends-cycle", "a config cannot extend itself", node.place, "name another file")
        message = f"these configs extend each other in a circle: {' -> '.join(circle)}"
        raise _problem("extends-cycle", message, node.place, "remove one of their extends")
    if len(chain) > MAX_BASES:
        raise _problem("too-deep", f"expected at most {MAX_BASES} configs that extend each other", node.place)
    return base


def _read(path: Path, named_by: Node) -> Document:
    try:
        return parse_document(read_source(path)[0])
    except DataError as error:
        message = error.message.replace("config file", "base config", 1)
        raise _problem("no-base", message, named_by.place, error.advice) from None


def _problem(code: str, message: str, place: Place, hint: str = "") -> ConfigError:
    return ConfigError([Problem(code, message, place, _KEY, hint)])


def _merged(base: Node, own: Node, path: KeyPath) -> Node:
    """Returns a value laid over that of the base."""
    if not isinstance(base, MappingNode) or not isinstance(own, MappingNode):
        return own
    if is_object(path) or class_name(base, path) or class_name(own, path):
        return _merged_object(base, own, path)
    if path == ("dataset",) and _is_other_source(base, own):
        return own
    return _merged_entries(base, own, path)


def _merged_object(base: MappingNode, own: MappingNode, path: KeyPath) -> Node:
    if len(base.entries) != 1 or len(own.entries) != 1:
        return own  # one of them is no object, which the check of the whole will say
    ((base_name, base_entry),) = base.entries.items()
    ((own_name, own_entry),) = own.entries.items()
    # `adam` and `Adam` are the same class.
    if bare(base_name) != bare(own_name):
        return own
    below = (*path, own_name)
    if isinstance(base_entry.node, MappingNode) and isinstance(own_entry.node, MappingNode):
        arguments = _merged_entries(base_entry.node, own_entry.node, below)
        return replace(own, entries={own_name: Entry(own_entry.key, arguments)})
    return own


def _merged_entries(base: MappingNode, own: MappingNode, path: KeyPath) -> MappingNode:
    entries = dict(base.entries)
    for key, entry in own.entries.items():
        old = base.entries.get(key)
        entries[key] = entry if old is None else Entry(entry.key, _merged(old.node, entry.node, (*path, key)))
    return replace(own, entries=entries)


def _is_other_source(base: MappingNode, own: MappingNode) -> bool:
    for key in ("source", "generator"):
        old, new = base.entries.get(key), own.entries.get(key)
        if old is None or new is None:
            continue
        values = [entry.node.value if isinstance(entry.node, ScalarNode) else None for entry in (old, new)]
        if values[0] != values[1]:
            return True
    return False
