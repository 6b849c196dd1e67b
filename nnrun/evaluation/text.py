"""The figures of an evaluation as text."""

from __future__ import annotations

from collections.abc import Sequence

from nnrun.display.formats import number, printable
from nnrun.evaluation.evaluate import Evaluation
from nnrun.evaluation.scores import Averages, Classification, ClassScores, TargetScores, most_confused

_GAP = "  "
_WIDTH = 80
_LONGEST_NAME = 20
_PAIRS = 10


def evaluation_text(evaluation: Evaluation, where: str) -> str:
    """Returns the figures as tables of at most 80 columns, wherever names allow it.

    Args:
        evaluation: The figures.
        where: The file that they were written to, as it should be shown to the user.
    """
    lines = [
        printable(
            f"{evaluation.name} {evaluation.run}: {evaluation.split} split, {evaluation.samples:,} samples, "
            f"{evaluation.weights} weights"
        )
    ]
    if evaluation.data_changed:
        lines.append("warning: these are not the data that the run was trained on")
    lines += [
        "",
        *_table([["metric", "value"], *([name, number(v)] for name, v in evaluation.metrics.items())]),
    ]
    if evaluation.classification is not None:
        lines += ["", *_classes(evaluation.classification), "", *_confusion(evaluation.classification)]
    if evaluation.regression is not None:
        lines += ["", *_targets(evaluation.regression)]
    lines += ["", f"written to {printable(where)}"]
    return "\n".join(lines) + "\n"


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
    rows = [["target", "mae", "rmse", "r2"]]
    return _table(
        rows + [[_name(one.name), number(one.mae), number(one.rmse), number(one.r2)] for one in targets]
    )


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
