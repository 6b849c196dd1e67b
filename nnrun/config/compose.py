"""From YAML text to a tree of nodes with places, without recursion and within fixed limits.

The parser's events are read one by one: its own composer and constructors recurse, crash on deep nesting,
follow YAML 1.1 and forget where keys stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from nnrun.config.limits import MAX_DEPTH, MAX_NODES, MAX_PROBLEMS
from nnrun.config.nodes import Entry, ListNode, MappingNode, Node, ScalarNode
from nnrun.config.problems import ConfigError, KeyPath, Place, Problem, Source, format_path
from nnrun.config.scalars import NumberTooLargeError, Scalar, resolve
from nnrun.config.syntax import LINE_BREAK, forbidden_character, syntax_problem

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's parser, where PyYAML has it
_TAG = "tag:yaml.org,2002:"


def compose(source: Source, offset: int = 0) -> tuple[Node | None, list[Problem]]:
    """Reads YAML.

    Args:
        source: The text.
        offset: Where in the text the YAML begins: 0, or after the `=` of an override.

    Returns:
        The tree, or None where there is no document, and the problems that did not stop the reading.

    Raises:
        ConfigError: The text is no YAML, or exceeds a limit: nothing of it can be used.
    """
    problem = forbidden_character(source)
    if problem is not None:
        raise ConfigError([problem])
    composer = _Composer(source, offset, LINE_BREAK.split(source.text))
    try:
        for event in yaml.parse(source.text[offset:], Loader=_LOADER):
            composer.take(event)
    except yaml.YAMLError as error:
        raise ConfigError([*composer.problems, syntax_problem(error, source, offset)]) from None
    return composer.root, composer.problems


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet; `key` is the key that waits for its value."""

    node: ListNode | MappingNode
    anchor: str | None
    flow: bool = False
    is_key: bool = False
    expects_key: bool = True
    key: str | None = None
    key_place: Place | None = None


@dataclass(slots=True)
class _Composer:
    source: Source
    offset: int
    lines: list[str]
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    documents: int = 0
    nodes: int = 0
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)

    def take(self, event: Any) -> None:
        """Adds what an event of the parser tells."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                raise self._stop(
                    "several-documents",
                    "expected one document, received a second one",
                    self._place(event),
                    "put each experiment into a file of its own",
                )

    def _scalar(self, event: Any) -> None:
        self._count(1, event)
        place = self._place(event)
        plain = bool(event.implicit[0]) and event.style in (None, "")
        if self._expects_key():
            self._key(event, place, plain)
            return
        if plain and not event.value and self.stack and self.stack[-1].key_place is not None:
            place = self.stack[-1].key_place  # nothing is written there: point at the key that lacks it
        node = ScalarNode(self._value(event, place, plain), event.value, place, plain)
        self._add(node, event.anchor)

    def _value(self, event: Any, place: Place, plain: bool) -> Scalar:
        text: str = event.value
        try:
            if plain:
                return resolve(text)
            if event.tag in (None, "!", _TAG + "str"):
                return text
            value = resolve(text)
        except NumberTooLargeError:
            shown = text if len(text) <= 24 else f"{text[:20]}… ({len(text)} characters)"
            self._problem("number-too-large", f"{shown} is beyond what 64 bits can hold", place)
            return None
        kinds: dict[str, Any] = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}
        kind = kinds.get(event.tag.removeprefix(_TAG)) if event.tag.startswith(_TAG) else None
        if kind is None or not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self._unknown_tag(event.tag, place)
            return text
        return float(value) if isinstance(kind, tuple) and isinstance(value, int) else value

    def _key(self, event: Any, place: Place, plain: bool) -> None:
        top = self.stack[-1]
        top.expects_key = False
        top.key, top.key_place = None, place
        if not top.flow and place.line == top.node.place.line and place.column == top.node.place.column:
            top.node.place = place  # a mapping without braces is best shown by its first key
        text: str = event.value
        if event.tag not in (None, "!", _TAG + "str"):
            self._unknown_tag(event.tag, place)
            return
        if plain and text == "<<":
            self._problem(
                "merge-key",
                "YAML 1.2 has no merge key <<",
                place,
                "write the keys out; an anchor (&name) and alias (*name) can repeat a whole value",
            )
            return
        try:
            meaning: Scalar = resolve(text) if plain else text
        except NumberTooLargeError:
            meaning = 0
        if isinstance(meaning, bool) or not isinstance(meaning, (str, int)):
            what = "nothing" if not text else f"{text}, which YAML reads as {_kind(meaning)}"
            self._problem(
                "bad-key", f"expected a name as key, received {what}", place, "put the key in quotes"
            )
            return
        node = top.node
        assert isinstance(node, MappingNode)  # noqa: S101 - only mappings expect keys
        if text in node.entries:
            first = node.entries[text].key
            self._problem(
                "duplicate-key",
                f"the key {text!r} is already in line {first.line}",
                place,
                "remove one of the two"
                if first.line == place.line
                else f"remove it from line {first.line} or from line {place.line}",
                (text,),
            )
            return
        top.key = text

    def _alias(self, event: Any) -> None:
        place = self._place(event)
        node = self.anchors.get(event.anchor)
        if node is None:
            inside = any(frame.anchor == event.anchor for frame in self.stack)
            reason = "lies inside the value that it stands for" if inside else "has no anchor before it"
            raise self._stop(
                "bad-alias",
                f"the alias *{event.anchor} {reason}",
                place,
                f"mark the value with &{event.anchor} first, or quote the text if no alias was meant",
            )
        self._count(node.size, event)
        if len(self.stack) + node.height > MAX_DEPTH:
            raise self._too_deep(place)
        if self._expects_key():
            self.stack[-1].expects_key = False
            self.stack[-1].key, self.stack[-1].key_place = None, place
            self._problem("bad-key", "an alias cannot be a key", place, "write the name of the key out")
            return
        self._add(node, None)

    def _open(self, event: Any) -> None:
        self._count(1, event)
        place = self._place(event)
        if len(self.stack) >= MAX_DEPTH:
            raise self._too_deep(place)
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            self._unknown_tag(event.tag, place)
        is_key = self._expects_key()
        if is_key:
            self.stack[-1].expects_key = False
            self.stack[-1].key, self.stack[-1].key_place = None, place
            what = "a mapping" if mapping else "a list"
            self._problem(
                "bad-key", f"expected a name as key, received {what}", place, "put the key in quotes"
            )
        node: ListNode | MappingNode = MappingNode(place) if mapping else ListNode(place)
        self.stack.append(_Open(node, event.anchor, bool(event.flow_style), is_key))

    def _close(self, event: Any) -> None:
        closed = self.stack.pop()
        start, end = closed.node.place, event.end_mark
        if closed.flow and end.line + 1 == start.line:
            stop = end.column + 1 + (self.offset if end.line == 0 else 0)
            closed.node.place = replace(start, length=max(1, stop - start.column))
        if not closed.is_key:
            self._add(closed.node, closed.anchor)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        parent = top.node
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if isinstance(parent, ListNode):
            parent.items.append(node)
            return
        if top.key is not None and top.key_place is not None:
            parent.entries[top.key] = Entry(top.key_place, node)
        top.expects_key, top.key, top.key_place = True, None, None

    def _expects_key(self) -> bool:
        return (
            bool(self.stack) and isinstance(self.stack[-1].node, MappingNode) and self.stack[-1].expects_key
        )

    def _count(self, nodes: int, event: Any) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise self._stop(
                "too-large",
                f"expected at most {MAX_NODES:,} values, with aliases written out; here are more",
                self._place(event),
            )

    def _too_deep(self, place: Place) -> ConfigError:
        return self._stop("too-deep", f"expected at most {MAX_DEPTH} levels of lists and mappings", place)

    def _unknown_tag(self, tag: str, place: Place) -> None:
        shown = "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
        self._problem(
            "unknown-tag",
            f"the tag {shown} means nothing here",
            place,
            "remove it, or quote the value if it is a text that begins with '!'",
        )

    def _problem(self, code: str, message: str, place: Place, hint: str = "", path: KeyPath = ()) -> None:
        # Deeper than any config goes, the path would only hide the message.
        shown = format_path(self._path() + path) if len(self.stack) < MAX_DEPTH else ""
        self.problems.append(Problem(code, message, place, shown, hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise ConfigError(self.problems)

    def _stop(self, code: str, message: str, place: Place, hint: str = "") -> ConfigError:
        self._problem(code, message, place, hint)
        return ConfigError(self.problems)

    def _path(self) -> KeyPath:
        path: list[str | int] = []
        for frame in self.stack:
            if isinstance(frame.node, ListNode):
                path.append(len(frame.node.items))
            elif frame.key is not None:
                path.append(frame.key)
        return tuple(path)

    def _place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        shift = self.offset if start.line == 0 else 0
        length = end.column - start.column if end.line == start.line else 0
        if length <= 0 or isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            line = self.lines[start.line] if start.line < len(self.lines) else ""
            length = _extent(line[start.column + shift :], block=not getattr(event, "flow_style", None))
        return Place(self.source, start.line + 1, start.column + shift + 1, max(1, length))


def _extent(line: str, block: bool) -> int:
    """Returns how much of a line to underline for a value that begins there and has no end on it."""
    text = line.split(" #", 1)[0].rstrip()
    if block and text.startswith("- "):
        return 1
    return len(text)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    return "true or false" if isinstance(value, bool) else "a number"
