"""What was fitted to the training split is there for resume, evaluate and predict."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.data.preprocessing import Preprocessing
from nnrun.errors import DataError
from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, ok
from nnrun.verification.reading import Unreadable, read_object

_FILE = "model/preprocessing.json"


def preprocessing(evidence: Evidence) -> Iterator[Finding]:
    """The preprocessing of a run that has an epoch can be read, and knows the classes of the record."""
    try:
        value = read_object(evidence.path / _FILE)
    except Unreadable as error:
        yield broken(str(error), _FILE)
        return
    if value is None:
        if evidence.epochs or evidence.checkpoints:
            yield broken("it is missing", _FILE)
        else:
            yield ok("none before the first epoch")
        return
    try:
        fitted = Preprocessing.from_json(value)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, DataError) as error:
        yield broken(f"it cannot be used: {type(error).__name__}: {error}", _FILE)
        return
    stated = evidence.record.get("class_names")
    if evidence.epochs and stated is not None and stated != list(fitted.class_names or ()):
        yield broken("its class names are not those of run.json", _FILE)
    yield ok("what was fitted to the training split can be read")
