"""A Python function as a source: never run unasked, and its faults told with file and line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.config.datasets import PythonData
from nnrun.data import permission
from nnrun.data.facts import facts_of
from nnrun.data.loading import make_splits
from nnrun.data.raw import RawData
from nnrun.data.sources import python
from nnrun.errors import DataError
from tests.configs import nnrun

CODE = """\
import numpy as np

def load(count=6, seed=None, **more):
    x = np.arange(count * 2.0).reshape(count, 2)
    return x, np.arange(count) % 2

def seeded(seed):
    return np.full((4, 1), seed), [0, 1, 0, 1]

def fails():
    return deeper()

def deeper():
    raise KeyError("here")

def leaves():
    raise SystemExit(3)

def prints():
    print("not a result")
    return load()

constant = 3
"""

CONFIG = """\
dataset:
  source: python
  function: mydata:load
  arguments: {count: 40}
  split: {validation: 0.25, test: 0.25, stratify: true}
model:
  layers:
    - Dense: {units: 1, activation: sigmoid}
compile:
  optimizer: adam
  loss: binary_crossentropy
  metrics: [accuracy]
"""


@pytest.fixture
def allowed() -> Iterator[None]:
    """Gives the permission that `--allow-code` gives."""
    permission.allow_code(True)
    yield
    permission.allow_code(False)


@pytest.fixture
def section(tmp_path: Path) -> Callable[..., PythonData]:
    """Writes a module and returns the section that names a function of it."""

    def write(function: str = "load", code: str = CODE, module: str = "mydata", **options: Any) -> PythonData:
        file = tmp_path / f"{module.replace('.', '/')}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(code)
        return PythonData(source="python", function=f"{module}:{function}", path=str(tmp_path), **options)

    return write


def load(section: PythonData) -> RawData:
    """Calls the function of a section."""
    return python.load(section, seed=7)


def refusal(section: PythonData) -> str:
    """Returns message and advice of the error that loading ends with."""
    with pytest.raises(DataError) as caught:
        load(section)
    return f"{caught.value.message} | {caught.value.advice}"


def returning(expression: str) -> str:
    """Returns a module whose function `load` returns an expression."""
    return f"import numpy as np\n\ndef load():\n    return {expression}\n"


# --- Permission -------------------------------------------------------------------------------------------


def config(folder: Path) -> Path:
    """Writes a config beside a module that leaves a mark when it is imported."""
    (folder / "mydata.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n{CODE}")
    path = folder / "config.yaml"
    path.write_text(CONFIG)
    return path


def test_nothing_runs_without_permission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not on `check`, `show` and `schema`, and not on `train`, which says what to do; no run is left."""
    path, runs = config(tmp_path), tmp_path / "runs"
    assert nnrun("check", str(path)) == 0
    assert nnrun("show", str(path)) == 0
    assert nnrun("schema") == 0
    for arguments in (("train", "--runs-dir", str(runs)), ("train", "--dry-run")):
        assert nnrun(*arguments, str(path)) == 2
        told = capsys.readouterr().err
        assert f"the config wants to run mydata:load, Python code in {tmp_path}" in told
        assert "add --allow-code" in told
    assert not (tmp_path / "ran").exists()
    assert not runs.exists()


def test_check_with_build_never_runs_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The network cannot be built without the shape of the samples, and the message says which command can."""
    assert nnrun("check", "--build", str(config(tmp_path))) == 4
    assert "`nnrun train --dry-run --allow-code` does it" in capsys.readouterr().out
    assert not (tmp_path / "ran").exists()


def test_permission_is_for_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one command was allowed, the next one is not."""
    path = config(tmp_path)
    assert nnrun("train", "--dry-run", "--allow-code", str(path)) == 0
    assert "20 train, 10 validation, 10 test samples of shape (2,)" in capsys.readouterr().out
    assert nnrun("train", "--dry-run", str(path)) == 2


@pytest.mark.tensorflow
def test_a_run_remembers_its_function_but_grants_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Evaluate and resume work from anywhere, each with a permission of its own."""
    path, runs = config(tmp_path), tmp_path / "runs"
    assert nnrun("train", str(path), "--allow-code", "--runs-dir", str(runs), "--progress", "off") == 0
    monkeypatch.chdir("/")
    (run,) = (runs / "config").iterdir()
    for command in (("evaluate",), ("resume", "fit.epochs=2")):
        name, *rest = command
        assert nnrun(name, str(run), *rest) == 2
        assert "--allow-code" in capsys.readouterr().err
        assert nnrun(name, str(run), *rest, "--allow-code") == 0


# --- Calling ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("allowed")
def test_a_function_gets_its_arguments_and_the_seed(section: Callable[..., PythonData]) -> None:
    """The seed of the experiment, unless the config gives another one."""
    assert load(section(arguments={"count": 8})).samples.x.shape == (8, 2)
    assert load(section("seeded")).samples.x[0, 0] == 7
    assert load(section("seeded", arguments={"seed": 3})).samples.x[0, 0] == 3


@pytest.mark.usefixtures("allowed")
def test_nothing_is_left_behind(section: Callable[..., PythonData], tmp_path: Path) -> None:
    """Neither on `sys.path` nor among the modules nor on disk; so another module of the same name is found."""
    before = list(sys.path)
    load(section(module="deep.mydata"))
    assert sys.path == before
    assert not [name for name in sys.modules if name.startswith("deep") or name == "mydata"]
    assert not list(tmp_path.rglob("*.pyc"))
    assert len(load(section(code=returning("np.zeros((3, 1)), [0, 1, 0]"))).samples) == 3
    assert len(load(section(code=returning("np.zeros((4, 1)), [0, 1, 0, 1]"))).samples) == 4


@pytest.mark.usefixtures("allowed")
def test_modules_of_the_folder_can_import_each_other(
    section: Callable[..., PythonData], tmp_path: Path
) -> None:
    """Beside it, and relatively within a package."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "sibling.py").write_text("ONE = 1\n")
    (tmp_path / "beside.py").write_text("TWO = 2\n")
    code = "import beside\nfrom .sibling import ONE\ndef load():\n    return [[ONE], [beside.TWO]], [0, 1]\n"
    assert load(section(code=code, module="package.mydata")).samples.x.tolist() == [[1], [2]]


@pytest.mark.usefixtures("allowed")
def test_what_a_function_prints_is_no_result(
    section: Callable[..., PythonData], capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes to stderr."""
    load(section("prints"))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "not a result\n")


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "in the function": (
        {"function": "fails"},
        r"mydata\.py, line 14, in deeper: KeyError: 'here' \(while calling fails\)",
    ),
    "exit": ({"function": "leaves"}, r"mydata\.py, line 17, in leaves: SystemExit: 3"),
    "syntax": (
        {"code": "x = 1\ndef load(:\n"},
        r"mydata\.py, line 2: SyntaxError: .* \(while importing mydata\)",
    ),
    "on import": ({"code": "1 / 0\n"}, r"mydata\.py, line 1: ZeroDivisionError"),
    "missing package": ({"code": "import nosuch\n"}, r"mydata\.py, line 1: ModuleNotFoundError: .*nosuch"),
    "in a library": (
        {"code": returning("np.zeros((2, 3)) @ np.zeros((2, 3)), 0")},
        r"mydata\.py, line 4, in load: ValueError",
    ),
    "no function": (
        {"function": "laod"},
        "dataset.function: .* has no function 'laod' .* did you mean 'load'",
    ),
    "no callable": ({"function": "constant"}, "'constant' of .* is no function, but a int"),
    "argument": (
        {"function": "fails", "arguments": {"n": 1}},
        "dataset.arguments: .* 'n' .* it takes nothing",
    ),
    "missing argument": (
        {"code": "def load(n): pass"},
        "dataset.arguments: .* missing a required argument: 'n' .* it takes n",
    ),
    "name of Python": ({"module": "sys"}, "also that of a module of Python"),
    "name of a package": ({"module": "numpy"}, "also that of a module of Python or of an installed package"),
}


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("case", FAULTS)
def test_faults_of_the_code_are_told_with_their_place(section: Callable[..., PythonData], case: str) -> None:
    """Exit code 4, and the last line of the user's own code that was on the way."""
    options, message = FAULTS[case]
    found = refusal(section(**options))
    assert re.search(message, found), found


@pytest.mark.usefixtures("allowed")
def test_a_missing_module_is_told(tmp_path: Path) -> None:
    """With the folder where it was looked up."""
    found = refusal(PythonData(source="python", function="package.nosuch:f", path=str(tmp_path)))
    assert "there is no package/nosuch.py in" in found


# --- What it returns --------------------------------------------------------------------------------------

RETURNED: dict[str, tuple[str, int | None]] = {
    "pair": ("np.zeros((4, 2)), np.arange(4) % 2", None),
    "lists": ("[[1, 2], [3, 4]], ['a', 'b']", None),
    "as keras.datasets": ("(np.zeros((4, 2)), [0, 1, 0, 1]), (np.zeros((3, 2)), [0, 1, 1])", 3),
    "dict": ("dict(x=np.zeros((4, 2)), y=[0, 1, 0, 1], x_test=np.zeros((3, 2)), y_test=[0, 1, 1])", 3),
    "nothing for a key": ("dict(x=np.zeros((4, 2)), y=[0, 1, 0, 1], class_names=None)", None),
    "texts as objects": ("np.zeros((2, 2)), np.array(['a', 'b'], dtype=object)", None),
}


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("case", RETURNED)
def test_forms_of_a_result(section: Callable[..., PythonData], case: str) -> None:
    """A pair, two pairs, or a dict of arrays or lists."""
    expression, test = RETURNED[case]
    raw = load(section(code=returning(expression)))
    assert (None if raw.test is None else len(raw.test)) == test
    assert raw.samples.x.shape[1] == 2


@pytest.mark.usefixtures("allowed")
def test_names_and_weights_of_a_dict(section: Callable[..., PythonData]) -> None:
    """They stay with the run."""
    code = returning(
        "dict(x=np.eye(4)[:, :2], y=[0, 1, 0, 1], class_names=['no', 'yes'], feature_names=['a', 'b'], "
        "sample_weight=[1, 2, 3, 4])"
    )
    data = section(code=code, shuffle=False)
    splits = make_splits(load(data), data, "index", seed=0)
    assert splits.class_names == ("no", "yes")
    assert splits.feature_names == ("a", "b")
    assert splits.train.weights is not None
    assert splits.train.weights.tolist() == [1, 2, 3, 4]


WRONG: dict[str, tuple[str, str]] = {
    "nothing": ("None", r"returns a NoneType \| return \(x, y\)"),
    "one array": ("np.zeros(3)", "returns a ndarray"),
    "three": ("1, 2, 3", "returns a tuple of 3"),
    "misspelt key": ("{'x': [1], 'Y': [1]}", "dict with the key 'Y' .*did you mean 'y'"),
    "odd key": ("{3: 4}", "dict with the key 3"),
    "no labels": ("{'x': [1]}", "returns no 'y'"),
    "no labels of a part": ("{'x': [1], 'y': [1], 'x_test': [1]}", "returns no 'y_test'"),
    "ragged": ("[[1, 2], [3]], [0, 1]", "x is no array: .* all samples need one shape"),
    "objects": ("np.array([{}, []], dtype=object), [0, 1]", r"x holds Python objects \(dict, list\)"),
    "counts": ("np.zeros((3, 1)), [0, 1]", "x has 3 samples, but y has 2 labels"),
    "nan": ("[[1.0], [np.nan]], [0, 1]", r"x\[1, 0\] is nan"),
    "names": ("dict(x=[1, 2], y=[0, 1], class_names=[1, 2])", "class_names is int64"),
}


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("case", WRONG)
def test_results_that_cannot_be_used_are_refused(section: Callable[..., PythonData], case: str) -> None:
    """The message names the function and says what it returned."""
    expression, message = WRONG[case]
    found = refusal(section(code=returning(expression)))
    assert "mydata:load" in found
    assert re.search(message, found), found


def test_facts_are_what_the_section_says(section: Callable[..., PythonData]) -> None:
    """Nothing more can be known without running code; monitors of a split that may come are not refused."""
    facts = facts_of(section(class_names=["a", "b"], kind="tokens"))
    assert (facts.classes, facts.dtype, facts.shape, facts.train_samples) == (2, "int32", None, None)
    path = Path(section().path or "") / "config.yaml"
    path.write_text(
        CONFIG.replace("  split:", "  #")
        + "fit:\n  validation_data: validation\n  callbacks:\n    - EarlyStopping: {monitor: val_loss}\n"
    )
    assert check_config(path).warnings == ()


@pytest.mark.usefixtures("allowed")
def test_mapped_arrays_stay_mapped(section: Callable[..., PythonData], tmp_path: Path) -> None:
    """A function may open a file that is larger than the memory."""
    np.save(tmp_path / "big.npy", np.zeros((10, 2), np.float32))
    code = returning(f"np.load({str(tmp_path / 'big.npy')!r}, mmap_mode='r'), [0, 1] * 5")
    raw = load(section(code=code))
    assert isinstance(raw.samples.x, np.memmap)
    assert raw.samples.digest is not None
    sliced = load(
        section(code=code.replace("mmap_mode='r')", "mmap_mode='r')[::2]").replace("* 5", "* 2 + [0]"))
    )
    assert sliced.samples.digest not in (None, raw.samples.digest)
