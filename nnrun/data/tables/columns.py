"""Which columns of a table are features, targets and so on. Free of NumPy and pyarrow, so that `check` can ask too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnrun.config.datasets import CsvData, Missing, TableFiles
from nnrun.config.datasets.files import FileSection
from nnrun.data.empty_cells import Fill, fill_of
from nnrun.data.tables.cells import ColumnKind, is_number
from nnrun.data.tables.files import TextFormat, UnreadableError, check_once, table_files
from nnrun.data.tables.records import OTHER_DELIMITERS
from nnrun.errors import DataError

_NO_DELIMITERS = '"\r\n\0'


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by number, from 0.

    Args:
        targets: What is to be predicted.
        features: What it is predicted from, in the order of the config, else of the file.
        categorical: Those of the features that are categories whatever they look like.
        missing: What to do with empty cells of single features, where the config says it for single ones.
        missing_in_all: What to do with those of all others.
        weight: How much each row counts, or None.
        group: What keeps rows together in one split, or None.
        time: What orders the rows for the splits, or None.
    """

    targets: tuple[int, ...]
    features: tuple[int, ...]
    categorical: frozenset[int]
    missing: Mapping[int, str | float]
    missing_in_all: Missing
    weight: int | None = None
    group: int | None = None
    time: int | None = None

    @property
    def about(self) -> tuple[int, ...]:
        """What is said about the rows beside their features: targets, weight, group and time."""
        named = (self.weight, self.group, self.time)
        return (*self.targets, *(number for number in named if number is not None))

    @property
    def wanted(self) -> tuple[int, ...]:
        """The features, then those about the rows; a column may be both."""
        return (*self.features, *self.about)

    @property
    def used(self) -> list[int]:
        """All of them once, in the order of the file."""
        return sorted(set(self.wanted))

    def rule(self, number: int) -> str | float:
        """Returns what to do with the empty cells of a column: a word of `dataset.missing`, or a value."""
        rule = self.missing.get(number, self.missing_in_all)
        if number in self.about:
            # A column that is a feature as well cannot be filled either.
            return "drop" if rule == "drop" else "error"
        return rule

    def fill(self, number: int, name: str, kind: ColumnKind | None) -> Fill | None:
        """Returns how the empty cells of a feature are filled, or None where it may have none.

        Args:
            number: The column.
            name: Its name.
            kind: What its texts are; None for numbers.

        Raises:
            DataError: What the config says does not fit the column.
        """
        return fill_of(name, self.rule(number), kind, one_for_all=number not in self.missing)


def format_of(section: CsvData) -> TextFormat:
    """Returns how the text files of a section are written.

    Raises:
        DataError: Nothing can be divided by the delimiter.
    """
    sign = section.delimiter
    if sign in _NO_DELIMITERS or not sign.isascii():
        raise DataError(
            f"dataset.delimiter: expected an ASCII character that does not quote a cell or end a line, received "
            f"{sign!r}",
            "write another one, and convert the file if need be",
        )
    return TextFormat(section.delimiter, section.header, section.quoting == "csv")


def files_of_parts(section: CsvData, *, fetch: bool) -> dict[str, tuple[str, ...]]:
    """Returns the files of each part of a table: `samples`, and `validation` and `test` where these have their own.

    Args:
        section: The `dataset` section.
        fetch: Whether what is to be downloaded is fetched; otherwise it is missing where it is not here yet.

    Raises:
        DataError: One is not there, is named twice, or is not the one that was described.
        EnvironmentFault: One cannot be fetched.
        StorageError: One cannot be stored.
    """
    own = {"validation": section.validation, "test": section.test}
    parts: dict[str, TableFiles] = {"samples": section}
    parts |= {name: part for name, part in own.items() if part is not None}
    files: dict[str, tuple[str, ...]] = {}
    for name, part in parts.items():
        key = "dataset" if name == "samples" else f"dataset.{name}"
        files[name] = table_files(_path_of(part, key, fetch=fetch))
    check_once([file for part in files.values() for file in part])
    return files


def _path_of(part: TableFiles, key: str, *, fetch: bool) -> str | list[str]:
    if part.download is None or isinstance(part.path, list):
        return part.path or []
    from nnrun.data.download import located, whereabouts

    file = FileSection(path=part.path, download=part.download)
    path = located(file, key) if fetch else whereabouts(file)
    if path is None:
        raise UnreadableError(f"{part.download.url} is not fetched yet")
    return str(path)


def choose_columns(names: Sequence[str], section: CsvData, file: str) -> Columns:
    """Finds the columns that the section names.

    Args:
        names: Names of all columns; their numbers from 0 as text where the file has no header.
        section: What the config says about the table.
        file: The first file, for messages.

    Raises:
        DataError: If a name is in no column, or one column is target and feature.
    """
    finder = _Finder(names, section, file)
    wanted = section.target if isinstance(section.target, list) else [section.target]
    targets = finder.find("target", wanted)
    weight = finder.find_one("sample_weight", section.sample_weight)
    group = finder.find_one("split.group", section.split.group)
    time = finder.find_one("split.time", section.split.time)
    purposes = dict.fromkeys(targets, "the target")
    for key, number in (("sample_weight", weight), ("split.group", group), ("split.time", time)):
        if number in purposes:
            what = f"column '{names[number]}' is {purposes[number]}"
            raise DataError(f"dataset.{key}: {what}", "name another column")
        if number is not None:
            purposes[number] = f"named in dataset.{key} too"
    excluded = finder.find("exclude", section.exclude)
    features = _features(finder, section, targets, {*targets, *excluded, weight, group, time}, excluded)
    categorical = finder.find("categorical", section.categorical)
    for number in categorical:
        if number not in features:
            raise DataError(
                f"column '{names[number]}' is in dataset.categorical, but is no feature",
                "it is the target, excluded, not in `features`, or named for another purpose",
            )
    rules: Mapping[int, str | float] = {}
    if not isinstance(section.missing, str):
        rules = _rules(finder, section.missing, targets, features)
    in_all: Missing = section.missing if isinstance(section.missing, str) else "error"
    return Columns(targets, features, frozenset(categorical), rules, in_all, weight, group, time)


def _features(
    finder: _Finder,
    section: CsvData,
    targets: Sequence[int],
    others: Iterable[int | None],
    excluded: Sequence[int],
) -> tuple[int, ...]:
    if section.features is None:
        rest = frozenset(others)
        features = tuple(number for number in range(len(finder.names)) if number not in rest)
        if not features:
            raise DataError(f"{finder.file}: no column is left to predict from", "exclude fewer columns")
        return features
    features = tuple(n for n in finder.find("features", section.features) if n not in excluded)
    if not features:
        raise DataError(f"{finder.file}: dataset.features names only columns that dataset.exclude leaves out")
    for number in features:
        if number in targets:
            raise DataError(
                f"column '{finder.names[number]}' is in dataset.target and in dataset.features",
                "a network that sees the answer learns nothing: take it out of `features`",
            )
    return features


def _rules(
    finder: _Finder,
    missing: Mapping[str, str | int | float | bool],
    targets: Sequence[int],
    features: Sequence[int],
) -> Mapping[int, str | float]:
    numbers = finder.find("missing", missing)
    for number in numbers:
        if number in targets:
            raise DataError(
                f"dataset.missing names '{finder.names[number]}', which is the target and cannot be filled",
                "take it out; `missing: drop` alone, for all columns, leaves rows without a target out",
            )
        if number not in features:
            raise DataError(
                f"dataset.missing names '{finder.names[number]}', which is no feature",
                "it is excluded, or not in `features`",
            )
    rules = dict(zip(numbers, missing.values(), strict=True))
    return {number: _word(rule) if isinstance(rule, bool) else rule for number, rule in rules.items()}


def _word(value: bool) -> str:
    return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds columns by what the config calls them."""

    names: Sequence[str]
    section: CsvData
    file: str

    def find_one(self, key: str, name: str | int | None) -> int | None:
        """Returns the number of a column, or None for None."""
        return None if name is None else self.find(key, [name])[0]

    def find(self, key: str, wanted: Iterable[str | int]) -> tuple[int, ...]:
        """Returns the numbers of columns; `key` is the key of `dataset` that names them."""
        found: list[int] = []
        for name in wanted:
            if str(name) not in self.names:
                raise DataError(self._unknown(key, name), self._advice(str(name)))
            number = self.names.index(str(name))
            if number in found:
                raise DataError(f"dataset.{key} names column '{name}' twice", "name it once")
            found.append(number)
        return tuple(found)

    def _unknown(self, key: str, name: str | int) -> str:
        shown = ", ".join(f"'{column}'" for column in self.names[:20])
        more = f" and {len(self.names) - 20} more" if len(self.names) > 20 else ""
        return f"dataset.{key}: {self.file} has no column '{name}'; it has {shown}{more}"

    def _advice(self, name: str) -> str:
        import difflib

        if not self.section.header:
            last = len(self.names) - 1
            return f"the file has no header (`header: false`), so columns are numbers from 0 to {last}"
        folded = {column.strip().casefold(): column for column in self.names}
        close = difflib.get_close_matches(name.strip().casefold(), folded, n=1)
        if close:
            return f"did you mean '{folded[close[0]]}'?"
        start = "".join(self.names)
        signs = [sign for sign in OTHER_DELIMITERS if sign in start and sign != self.section.delimiter]
        if signs:
            return f"is the delimiter {OTHER_DELIMITERS[signs[0]]}? Then set `dataset.delimiter`"
        if sum(map(is_number, self.names)) * 2 > len(self.names):
            return "the first row looks like data: if the file has no header, set `dataset.header: false`"
        return "write the name as in the header of the file"
