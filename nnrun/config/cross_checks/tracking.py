"""What logging to other programs needs: that they are installed, and an address without a secret in it."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding
from nnrun.config.experiment import Experiment
from nnrun.config.extras import INSTALL_MLFLOW, missing_for_mlflow
from nnrun.config.facts import DataFacts
from nnrun.config.urls import redact

_URI = ("track", "mlflow", "uri")


def mlflow_address_is_usable(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """The address is one, and has no login in it: a run records its config as it is."""
    section = experiment.track.mlflow
    if section is None or section.uri is None:
        return
    if redact(section.uri) != section.uri:
        yield Finding(
            _URI,
            "secret-in-config",
            "expected an address without a login or key, as a run keeps its config for ever",
            "set the whole address in MLFLOW_TRACKING_URI instead, or MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD",
        )
    elif "://" not in section.uri and section.uri != "databricks":
        yield Finding(
            _URI,
            "bad-address",
            f"expected the address of a server or database, received {section.uri!r}",
            "write for instance http://localhost:5000 or sqlite:////home/me/mlflow.db",
        )


def mlflow_is_installed(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """The packages are there, which are looked for without importing them."""
    section = experiment.track.mlflow
    missing = () if section is None else missing_for_mlflow(section.uri)
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        message = f"{' and '.join(missing)} {verb} not installed on this machine"
        path = ("track", "mlflow")
        yield Finding(path, "missing-extra", message, INSTALL_MLFLOW, "warning", at="key")
