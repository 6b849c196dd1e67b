"""Whether more or less of a metric is better, told by its name."""

from __future__ import annotations

import re
from typing import Literal

Direction = Literal["min", "max"]

# The first rule that matches decides: "false_positives" before "positives", "iou_loss" before "iou".
_RULES: tuple[tuple[str, Direction], ...] = (
    (r"loss|error|crossentropy|entropy|divergence|perplexity|hinge|poisson|log_?cosh|false_", "min"),
    (r"(^|_)(mse|mae|mape|msle|rmse|kld|nll|brier|ece)(_|$)", "min"),
    (r"acc|precision|recall|sensitivity|specificity|similarity|correlation|true_|top_?k|score", "max"),
    (r"(^|_)(auc|roc|map|iou|dice|kappa|mcc|f1|f2|fbeta|r2|psnr|ssim|pearson|mean_io_?u)(_|$)", "max"),
    (r"_io_?u(_|$)", "max"),
)


def direction(metric: str) -> Direction | None:
    """Tells whether a metric should be low or high.

    Args:
        metric: Its name as in `metrics.csv`, such as `val_accuracy`; a prefix `val_`, `best_` or `final_` and
            the number that Keras appends to a repeated name (`auc_1`) do not matter.

    Returns:
        `min` for losses and errors, `max` for accuracies, areas, scores and the like, None where the name
        does not tell.
    """
    name = re.sub(r"_\d+$", "", metric.lower())
    name = re.sub(r"^((best|final)_)?(val_)?", "", name)
    for pattern, answer in _RULES:
        if re.search(pattern, name):
            return answer
    return None
