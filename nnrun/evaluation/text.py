"""The figures of an evaluation as text."""

from __future__ import annotations

from collections.abc import Sequence

from nnrun.display.formats import number, printable
from nnrun.evaluation.evaluate import Evaluation
from nnrun.evaluation.numbers import brief
from nnrun.evaluation.predictions_file import ROWS
from nnrun.evaluation.scores import Averages, Classification, ClassScores, TargetScores, most_confused

_GAP = "  "
_WIDTH = 80
_LONGEST_NAME = 20
_PAIRS = 10
_AVERAGES = {f"{kind}_{name}" for kind in ("macro", "weighted") for name in ("precision", "recall", "f1")}


def evaluation_text(evaluation: Evaluation, where: str) -> str:
    """Returns the figures as tables of at most 80 columns, wherever names allow it.

    Args:
        evaluation: The figures.
        where: The file that they were written to, as it should be shown to the user.
    """
    split = f"{evaluation.split} split" if evaluation.data is None else f"new data {evaluation.data}"
    lines = [
        printable(
            f"{evaluation.name} {evaluation.run}: {split}, {evaluation.samples:,} samples, "
            f"{evaluation.weights} weights"
        )
    ]
    if evaluation.data_changed:
        lines.append("warning: these are not the data that the run was trained on")
    lines += ["", *_table([["metric", "value"], *_metrics(evaluation)])]
    if evaluation.classification is not None:
        lines += ["", *_classes(evaluation.classification), "", *_confusion(evaluation.classification)]
    if evaluation.regression is not None:
        lines += ["", *_targets(evaluation.regression)]
    lines += ["", f"written to {printable(where)}"]
    if evaluation.answers is not None and evaluation.samples > ROWS:
        lines.append(f"no table of predictions: of more than {ROWS:,} samples none is written")
    return "\n".join(lines) + "\n"


def _metrics(evaluation: Evaluation) -> list[list[str]]:
    """Returns the figures that no other table has, by the names that a requirement gives them."""
    elsewhere = {"auc", *_AVERAGES}
    if evaluation.regression is not None and len(evaluation.regression) == 1:
        elsewhere |= {"mae", "rmse", "r2"}
    return [
        [printable(name), number(value)]
        for name, value in evaluation.figures().items()
        if name in evaluation.metrics or name not in elsewhere
    ]


def _classes(scores: Classification) -> list[str]:
    rows = [["class", "precision", "recall", "f1", "support"]]
    rows += [[_name(one.name), *_four(one), f"{one.support:,}"] for one in scores.classes]
    total = f"{sum(one.support for one in scores.classes):,}"
    for name, mean in (("macro average", scores.macro), ("weighted average", scores.weighted)):
        rows.append([name, *_four(mean), total])
    return _table(rows)


def _four(figures: ClassScores | Averages) -> list[str]:
    """Writes precision, recall and F1 with four decimals."""
    return [f"{value:.4f}" for value in (figures.precision, figures.recall, figures.f1)]


def _confusion(scores: Classification) -> list[str]:
    """Returns the matrix where it fits, else the classes that are mistaken most often."""
    names = [_name(one.name) for one in scores.classes]
    rows = [["true \\ predicted", *names]]
    for name, counts in zip(names, scores.confusion_matrix.tolist(), strict=True):
        rows.append([name, *(f"{count:,}" if count else "." for count in counts)])
    table = _table(rows)
    if max(map(len, table)) <= _WIDTH:
        return table
    # Only numbers of classes fit above the columns.
    rows[0] = ["true \\ predicted", *(str(index) for index in range(len(names)))]
    numbered = [
        [row[0] if not index else f"{index - 1} {row[0]}", *row[1:]] for index, row in enumerate(rows)
    ]
    table = _table(numbered)
    if max(map(len, table)) <= _WIDTH:
        return table
    pairs = most_confused(scores.confusion_matrix, _PAIRS)
    if not pairs:
        return ["no class is mistaken for another"]
    most = [["most often mistaken", "for", "samples"]]
    return _table(
        most + [[names[row], names[column], f"{count:,}"] for row, column, count in pairs], text_columns=2
    )


def _targets(targets: Sequence[TargetScores]) -> list[str]:
    errors = [["target", "mae", "rmse", "r2", "bias"]]
    errors += [[_name(one.name), *map(number, (one.mae, one.rmse, one.r2, one.bias))] for one in targets]
    shown = ("min", "p05", "p25", "median", "p75", "p95", "max")
    spread = [["true - predicted", "min", "5 %", "25 %", "median", "75 %", "95 %", "max"]]
    spread += [[_name(one.name), *(brief(one.residuals[name]) for name in shown)] for one in targets]
    return [*_table(errors), "", *_table(spread)]


def _name(name: str) -> str:
    text = printable(name)
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def _table(rows: Sequence[Sequence[str]], text_columns: int = 1) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        _GAP.join(
            cell.ljust(width) if column < text_columns else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
