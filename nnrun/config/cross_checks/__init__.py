"""Checks of the parts of a config against each other and against what is known about the data.

Each check is a function of its own in one of these modules and has a line in `CHECKS`.
"""

from __future__ import annotations

import contextlib

from nnrun.config.cross_checks.callbacks import (
    callback_files_lie_in_the_run,
    checkpoint_files_can_be_named,
    moving_averages_are_kept,
)
from nnrun.config.cross_checks.distribution import (
    distribution_keys_matter,
    layers_can_be_divided,
    losses_can_be_divided,
)
from nnrun.config.cross_checks.finding import Check, Finding
from nnrun.config.cross_checks.fitting import (
    batch_size_fits,
    class_weights_fit,
    generator_arguments_agree,
    own_callbacks,
    requirements_are_known,
    scale_has_a_range,
    split_leaves_training_samples,
    validation_data_exist,
    validation_happens,
)
from nnrun.config.cross_checks.folds import folds_are_complete
from nnrun.config.cross_checks.layers import (
    dense_layers_have_a_nonlinearity,
    dropout_is_not_last,
    layers_fit_their_input,
    layers_take_one_input,
    token_numbers_fit,
)
from nnrun.config.cross_checks.metrics import (
    metrics_fit_labels,
    metrics_fit_task,
    metrics_have_names_of_their_own,
)
from nnrun.config.cross_checks.monitors import callback_monitors_exist, checkpoint_monitor_exists
from nnrun.config.cross_checks.optimizer import gradients_are_clipped_once
from nnrun.config.cross_checks.output import (
    activation_fits_loss,
    loss_fits_target,
    loss_is_supported,
    softmax_has_several_units,
    units_fit_labels,
)
from nnrun.config.cross_checks.schedules import schedules_fit_steps
from nnrun.config.cross_checks.tables import embedding_gets_codes, table_keys_agree
from nnrun.config.cross_checks.tracking import mlflow_address_is_usable, mlflow_is_installed
from nnrun.config.cross_checks.watching import (
    automatic_mode_is_known,
    mode_fits_metric,
    patience_fits_epochs,
    restored_weights_are_validated,
)
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.partial import UnknownValueError

CHECKS: tuple[Check, ...] = (
    loss_is_supported,
    loss_fits_target,
    units_fit_labels,
    softmax_has_several_units,
    activation_fits_loss,
    metrics_fit_labels,
    metrics_fit_task,
    metrics_have_names_of_their_own,
    layers_take_one_input,
    layers_fit_their_input,
    token_numbers_fit,
    dense_layers_have_a_nonlinearity,
    dropout_is_not_last,
    validation_data_exist,
    validation_happens,
    split_leaves_training_samples,
    folds_are_complete,
    scale_has_a_range,
    table_keys_agree,
    embedding_gets_codes,
    generator_arguments_agree,
    batch_size_fits,
    gradients_are_clipped_once,
    schedules_fit_steps,
    class_weights_fit,
    callback_monitors_exist,
    checkpoint_monitor_exists,
    mode_fits_metric,
    automatic_mode_is_known,
    patience_fits_epochs,
    restored_weights_are_validated,
    requirements_are_known,
    own_callbacks,
    callback_files_lie_in_the_run,
    checkpoint_files_can_be_named,
    moving_averages_are_kept,
    losses_can_be_divided,
    layers_can_be_divided,
    distribution_keys_matter,
    mlflow_address_is_usable,
    mlflow_is_installed,
)

__all__ = ["CHECKS", "Check", "Finding", "cross_check"]


def cross_check(experiment: Experiment, facts: DataFacts) -> list[Finding]:
    """Returns what all checks find.

    Args:
        experiment: A config, or the sound parts of one (see `nnrun.config.partial`).
        facts: What is known about its data; nothing may be.
    """
    findings: list[Finding] = []
    for check in CHECKS:
        with contextlib.suppress(UnknownValueError):
            findings.extend(check(experiment, facts))
    return findings
