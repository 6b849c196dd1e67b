"""A corpus of wrong configs, each with all problems that `check` must find in it, none fewer and none more.

The first lines of each file under `bad_configs` say what is expected:

    #! LINE:COLUMN [warning] CODE: HINT      a problem; in a file that it extends: FILE:LINE:COLUMN
    #$ KEY=VALUE                             an override to check the file with

Files in a folder `bases` are only there to be extended. `python -m tests.test_bad_configs FILE...` prints what
these lines should be, for reading before they are put into a new file.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnrun.check import check_config
from nnrun.config.limits import MAX_BASES, MAX_DEPTH
from nnrun.config.problems import ConfigError, Problem
from nnrun.display.problems import render
from tests.configs import IRIS, nnrun

CORPUS = Path(__file__).parent / "bad_configs"
FILES = sorted(path for path in CORPUS.rglob("*.yaml") if path.parent.name != "bases")

GENERATED = {"missing-extra": 1, "no-file": 1, "too-deep": 2, "too-large": 2}
"""Problems that files are not fit for, as they would be huge or missing or depend on the machine, and how often tests
below meet them."""

CODE_POSITION = {"Problem": 0, "Finding": 1, "ObjectProblem": 0, "_problem": 0, "_stop": 0, "problem": 0}
"""Which argument of a call is the code of a problem."""


def problems_of(path: Path, overrides: tuple[str, ...] = ()) -> tuple[Problem, ...]:
    """Returns what `check` says about a file."""
    try:
        return check_config(path, overrides).warnings
    except ConfigError as error:
        return error.problems


def header(path: Path) -> tuple[list[str], tuple[str, ...]]:
    """Returns the expected problems of a file, and the overrides to check it with."""
    lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
    expected = [line.removeprefix("#! ") for line in lines if line.startswith("#! ")]
    return expected, tuple(line.removeprefix("#$ ") for line in lines if line.startswith("#$ "))


def described(problem: Problem, path: Path) -> str:
    """Returns a problem as the head of a file writes it."""
    place = problem.place
    assert place is not None
    where = f"{place.line}:{place.column}"
    if place.source.kind == "argument":
        where = f"argument:{place.column}"
    elif Path(place.source.name).name != path.name:
        where = f"{Path(os.path.relpath(place.source.name, path.parent)).as_posix()}:{where}"
    severity = " warning" if problem.severity == "warning" else ""
    return f"{where}{severity} {problem.code}" + (f": {problem.hint}" if problem.hint else "")


@pytest.fixture(autouse=True)
def keras_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages name Keras's cache, which lies elsewhere for everybody."""
    monkeypatch.setenv("KERAS_HOME", "/keras")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CORPUS).as_posix())
def test_a_bad_config_has_exactly_these_problems(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code, line, column, severity and suggestion of every problem are what the head of the file says."""
    monkeypatch.chdir(path.parent)
    expected, overrides = header(path)
    found = [described(problem, path) for problem in problems_of(Path(path.name), overrides)]
    assert found == expected
    assert expected, "a file of the corpus has at least one problem"


def test_the_corpus_is_large_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 150 files, and all of them are checked and shown in a few seconds."""
    monkeypatch.chdir(CORPUS)
    started = time.perf_counter()
    for path in FILES:
        text = render(problems_of(path.relative_to(CORPUS), header(path)[1]))
        assert "^" in text
        assert "\x1b" not in text
    assert time.perf_counter() - started < 10
    assert len(FILES) >= 150


def test_every_problem_code_occurs_twice() -> None:
    """Whatever problem the code can report, the corpus has it at least twice, or a test generates it."""
    seen = Counter(GENERATED)
    for path in FILES:
        for line in header(path)[0]:
            words = line.replace(" warning ", " ").split()
            seen[words[1].removesuffix(":")] += 1
    rare = {code for code in codes_in_the_source() if seen[code] < (1 if code in GENERATED else 2)}
    assert rare == set()


def codes_in_the_source() -> set[str]:
    """Returns the codes that calls in the source give to problems."""
    root = Path(__file__).parent.parent / "nnrun"
    files = [*(root / "config").rglob("*.py"), root / "check.py", root / "cli" / "check.py"]
    codes: set[str] = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))):
        position = CODE_POSITION.get(_name(node.func)) if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and position is not None and len(node.args) > position:
            codes |= {
                text for text in _texts(node.args[position]) if re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", text)
            }
    assert {"unknown-key", "monitor-mode", "extends-cycle", "tab", "unknown-class"} <= codes
    return codes


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    options = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    for option in options:
        if isinstance(option, ast.Constant) and isinstance(option.value, str):
            yield option.value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (IRIS + "require: " + "[" * 30_000, "too-deep"),
        (IRIS + "require: " + "{a: " * 30_000, "too-deep"),
        (IRIS + "require: [" + "x, " * 60_000 + "x]\n", "too-large"),
        ("#" * 1_000_001, "too-large"),
        (
            "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\n"
            + "".join(
                f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
                for old, new in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            "too-large",
        ),
        (IRIS + "require: 7" + "0" * 900_000, "number-too-large"),
    ],
    ids=["lists", "mappings", "values", "bytes", "bomb", "digits"],
)
def test_a_hostile_file_is_one_located_problem(tmp_path: Path, text: str, code: str) -> None:
    """Bombs, deep nesting and huge files are refused at once."""
    path = tmp_path / "hostile.yaml"
    path.write_text(text)
    started = time.perf_counter()
    (problem,) = problems_of(path)
    assert problem.code == code
    assert problem.place is not None
    assert time.perf_counter() - started < 2


def test_utf_16_is_recognised(tmp_path: Path) -> None:
    """A file that another editor saved as UTF-16 is told apart from one with a stray byte."""
    path = tmp_path / "wide.yaml"
    path.write_bytes(IRIS.encode("utf-16"))
    (problem,) = problems_of(path)
    assert (problem.code, problem.hint) == ("not-utf8", "the file is UTF-16: save it as UTF-8")


def test_a_chain_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """Each file extends the next; the one that goes too far is pointed at."""
    for number in range(MAX_BASES + 2):
        (tmp_path / f"{number}.yaml").write_text(f"extends: {number + 1}.yaml\n")
    (problem,) = problems_of(tmp_path / "0.yaml")
    assert problem.code == "too-deep"
    assert problem.place is not None
    assert Path(problem.place.source.name).name == f"{MAX_BASES}.yaml"
    assert MAX_DEPTH > MAX_BASES


def test_a_package_that_is_not_installed_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The config may be meant for another machine; the command that installs it is named."""
    monkeypatch.setattr("nnrun.config.extras.find_spec", lambda name: None)
    path = tmp_path / "tracked.yaml"
    path.write_text(f"{IRIS}track:\n  mlflow: {{}}\n")
    (problem,) = problems_of(path)
    assert (problem.code, problem.severity) == ("missing-extra", "warning")
    assert problem.message == "mlflow and sqlalchemy and alembic are not installed on this machine"
    assert problem.hint == "install it with: pip install 'nnrun[mlflow]'"
    path.write_text(f"{IRIS}track:\n  mlflow: {{uri: 'http://localhost:5000'}}\n")
    assert problems_of(path)[0].message == "mlflow is not installed on this machine"


def test_a_file_that_is_not_there_is_a_problem_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """`check` goes on with the other files and says which one is missing."""
    assert nnrun("check", str(CORPUS / "none.yaml")) == 4
    assert "[no-file]" in capsys.readouterr().out


if __name__ == "__main__":
    for name in sys.argv[1:]:
        problems = problems_of(Path(name), header(Path(name))[1])
        sys.stdout.write(render(problems) + "\n\n")
        sys.stdout.writelines(f"#! {described(problem, Path(name))}\n" for problem in problems)
