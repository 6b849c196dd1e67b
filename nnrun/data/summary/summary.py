"""Puts together what a network will see of its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.labels import LabelForm, label_form
from nnrun.config.load import LoadedConfig
from nnrun.data.description import describe, differences
from nnrun.data.loading import make_splits
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.raw import InputKind, RawData
from nnrun.data.rows import is_mapped
from nnrun.data.sources import source_of
from nnrun.data.summary.advice import Warned, warnings_of
from nnrun.data.summary.bounded import readable
from nnrun.data.summary.columns import ColumnSummary, summarise_columns
from nnrun.data.summary.duplicates import Duplicates, find_duplicates, hashes
from nnrun.data.summary.examples import Example, examples_of
from nnrun.data.summary.leaks import Leak, find_leaks
from nnrun.data.summary.parts import PartOfSplit, parts_of
from nnrun.data.summary.splits import SplitSummary, summarise_splits
from nnrun.data.summary.values import summarise_values


@dataclass(frozen=True, slots=True)
class Summary:
    """What a network will see.

    Args:
        name: Name of the experiment.
        config: The config file.
        source: `dataset.source`.
        seed: The seed that the samples were divided with.
        kind: What one sample is.
        samples: Samples in all splits.
        looked_at: How many of the samples were looked at for columns, values and duplicates.
        splits: The splits.
        classes: Names of the classes; None for regression.
        columns: The columns of a table; empty for other kinds.
        values: Figures of the inputs of other kinds: sizes of images, lengths of texts.
        leaks: Features that determine the target.
        duplicates: Equal samples.
        input_shape: Shape of one sample as the network sees it.
        input_dtype: Its type.
        features: Names of the columns that the network sees, where they have names.
        label_form: What the loss makes of the labels.
        label_shape: Shape of the label of one sample.
        label_dtype: Its type.
        scaling: What was fitted.
        memory: Bytes that the data may take; what is larger is read again and again while it trains.
        in_file: Whether the samples stay in a file and are read when they are needed.
        examples: A few samples.
        warnings: What should be looked at before training.
        notes: What the source says.
        fingerprint: That of the data.
        data_changed: Whether these are other data than a run was trained on; None without a run.
    """

    name: str
    config: str
    source: str
    seed: int
    kind: InputKind
    samples: int
    looked_at: int
    splits: tuple[SplitSummary, ...]
    classes: tuple[str, ...] | None
    columns: tuple[ColumnSummary, ...]
    values: Mapping[str, Any]
    leaks: tuple[Leak, ...]
    duplicates: Duplicates
    input_shape: tuple[int, ...]
    input_dtype: str
    features: tuple[str, ...] | None
    label_form: LabelForm
    label_shape: tuple[int, ...]
    label_dtype: str
    scaling: Mapping[str, Any]
    memory: int
    in_file: bool
    examples: tuple[Example, ...]
    warnings: tuple[Warned, ...]
    notes: tuple[str, ...]
    fingerprint: str
    data_changed: bool | None


def summarise(
    loaded: LoadedConfig,
    memory: int,
    preprocessing: Preprocessing | None = None,
    trained_on: Mapping[str, Any] | None = None,
) -> Summary:
    """Loads the data of a config, divides and prepares them, and looks at them.

    Args:
        loaded: The config.
        memory: Bytes that the data may take.
        preprocessing: What was fitted before, in a run; by default it is fitted now.
        trained_on: The `data` in the record of a run.

    Raises:
        DataError: The data cannot be used as the config says.
    """
    experiment = loaded.experiment
    dataset = experiment.dataset
    raw = source_of(dataset).load(dataset, loaded.seed)
    form = label_form(experiment.compile.loss)
    splits = make_splits(raw, dataset, form, loaded.seed, preprocessing)
    parts = parts_of(raw, splits)
    rows = readable(raw.samples.x)
    table = raw.kind == "table"
    columns = summarise_columns(raw, splits.preprocessing, rows) if table else ()
    duplicates = _duplicates(parts)
    leaks = _leaks(raw, parts) if table else ()
    split_summaries = summarise_splits(splits)
    changed = None if trained_on is None else differences(trained_on, describe(dataset, splits))
    train = splits.train
    return Summary(
        name=experiment.name,
        config=str(loaded.path),
        source=dataset.source,
        seed=loaded.seed,
        kind=raw.kind,
        samples=sum(one.samples for one in split_summaries),
        looked_at=len(rows),
        splits=split_summaries,
        classes=splits.class_names,
        columns=columns,
        values={} if table else summarise_values(raw, splits.preprocessing, rows),
        leaks=leaks,
        duplicates=duplicates,
        input_shape=tuple(train.x.shape[1:]),
        input_dtype=str(train.x.dtype),
        features=splits.feature_names,
        label_form=form,
        label_shape=tuple(train.y.shape[1:]),
        label_dtype=str(train.y.dtype),
        scaling=splits.preprocessing.scaling.to_json(),
        memory=memory,
        in_file=is_mapped(raw.samples.x),
        examples=examples_of(raw, parts, splits.class_names),
        warnings=warnings_of(columns, leaks, duplicates, split_summaries, changed),
        notes=splits.notes,
        fingerprint=splits.fingerprint,
        data_changed=None if changed is None else bool(changed),
    )


def _duplicates(parts: tuple[PartOfSplit, ...]) -> Duplicates:
    found: dict[str, NDArray[np.uint64]] = {}
    labels: dict[str, NDArray[Any]] = {}
    for one in parts:
        kept = readable(one.part.x)
        rows = one.rows if len(kept) == len(one.part) else one.rows[np.isin(one.rows, kept)]
        found[one.name] = hashes(one.part.x, rows)
        y = one.part.y[rows]
        labels[one.name] = y if y.ndim == 1 else hashes(y, np.arange(len(y)))
    return find_duplicates(found, labels, sum(len(one.rows) for one in parts))


def _leaks(raw: RawData, parts: tuple[PartOfSplit, ...]) -> tuple[Leak, ...]:
    """Looks at the samples of all splits that lie in the common part of the source."""
    common = [one for one in parts if one.common]
    rows = np.concatenate([one.rows for one in common])
    indices = [one.split.class_index for one in common if one.split.class_index is not None]
    if indices:
        return find_leaks(raw, rows, np.concatenate(indices), np.empty((0, 0)))
    return find_leaks(raw, rows, None, np.concatenate([one.split.y for one in common]))
