"""Calling a function of the user: found by its name, its faults told with file and line."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from nnrun.config.suggestions import closest
from nnrun.errors import DataError


def call(function: str, folder: str, arguments: Mapping[str, Any], seed: int) -> Any:
    """Imports the module of a function and calls it.

    While that happens, the folder is the first of `sys.path`; afterwards it is gone from it, and so are the modules
    that were imported from it, so that another config may have a module of the same name. What the function prints
    goes to stderr.

    Args:
        function: `module:name`; the caller has made sure that the user allowed to run it.
        folder: Where the module is looked up first.
        arguments: The arguments by their names.
        seed: The value of an argument `seed`, where there is one that `arguments` do not give.

    Raises:
        DataError: There is no such function, it does not take these arguments, or it fails.
    """
    module_name, _, name = function.partition(":")
    root = os.path.realpath(folder)
    with _first_on_path(root), contextlib.redirect_stdout(sys.stderr):
        with _faults_told(root, f"importing {module_name}"):
            _check_top(module_name, root)
            module = _imported(module_name, root)
        found = _attribute(module, name)
        given = dict(arguments)
        parameters = _parameters(found)
        if "seed" in parameters:
            given.setdefault("seed", seed)
        _check_arguments(function, found, given, parameters)
        with _faults_told(root, f"calling {name}"):
            return found(**given)


@contextlib.contextmanager
def _first_on_path(folder: str) -> Iterator[None]:
    before, writes = set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True  # loading data writes nothing
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        with contextlib.suppress(ValueError):  # the function may have removed it
            sys.path.remove(folder)
        for name in set(sys.modules) - before:
            if _lies_in(sys.modules[name], folder):
                del sys.modules[name]


def _lies_in(module: ModuleType, folder: str) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(place and Path(os.path.realpath(place)).is_relative_to(folder) for place in places)


def _check_top(module_name: str, folder: str) -> None:
    """Refuses a module of the folder that Python would not import, as it has another one of this name already."""
    top = module_name.partition(".")[0]
    own = Path(folder, f"{top}.py")
    if not own.is_file():
        own = Path(folder, top)
    loaded = sys.modules.get(top)
    is_builtin = top in sys.builtin_module_names
    if own.exists() and (is_builtin or (loaded is not None and not _lies_in(loaded, folder))):
        raise DataError(
            f"dataset.function: the name of {own} is also that of a module of Python or of an installed package",
            "rename the file",
        )


def _imported(module_name: str, folder: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # Of a module that the user's own one imports, the place there is told.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        file = f"{module_name.replace('.', os.sep)}.py"
        raise DataError(
            f"dataset.function: there is no {file} in {folder}, and no installed module '{error.name}'",
            "a module is looked up in the folder of the config; `dataset.path` names another folder",
        ) from error


def _attribute(module: ModuleType, name: str) -> Callable[..., Any]:
    place = getattr(module, "__file__", None) or module.__name__
    if not hasattr(module, name):
        functions = [each for each, value in vars(module).items() if callable(value) and each[0] != "_"]
        meant = closest(name, functions)
        listed = ", ".join(functions[:20]) or "none"
        raise DataError(
            f"dataset.function: {place} has no function '{name}'",
            f"did you mean '{meant}'?" if meant else f"its functions are: {listed}",
        )
    found: Any = getattr(module, name)
    if not callable(found):
        raise DataError(f"dataset.function: '{name}' of {place} is no function, but a {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions that are written in C have none
        return {}


def _check_arguments(
    function: str,
    found: Callable[..., Any],
    given: Mapping[str, Any],
    parameters: Mapping[str, inspect.Parameter],
) -> None:
    if not parameters and not given:
        return
    with contextlib.suppress(ValueError):
        try:
            inspect.signature(found).bind(**given)
        except TypeError as error:
            taken = ", ".join(map(str, parameters.values())) or "nothing"
            raise DataError(f"dataset.arguments: {function}: {error}", f"it takes {taken}") from error


@contextlib.contextmanager
def _faults_told(folder: str, doing: str) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except (Exception, SystemExit) as error:
        place = _place(error, folder)
        told = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
        where = f"{place}: " if place else ""
        raise DataError(f"{where}{told} (while {doing})", "--debug shows the whole traceback") from error


def _place(error: BaseException, folder: str) -> str:
    """Returns file and line of the last step in the user's own code, else of the last step."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<") and frame.filename not in (__file__, importlib.__file__)
    ]
    own = [frame for frame in frames if Path(os.path.realpath(frame.filename)).is_relative_to(folder)]
    if not own and not frames:
        return ""
    last = (own or frames)[-1]
    inside = f", in {last.name}" if last.name != "<module>" else ""
    return f"{last.filename}, line {last.lineno}{inside}"
