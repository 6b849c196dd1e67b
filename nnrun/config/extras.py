"""Packages that only some configs need; whether they are there is found out without importing them."""

from __future__ import annotations

from importlib.util import find_spec

INSTALL_MLFLOW = "install it with: pip install 'nnrun[mlflow]'"

_DATABASES = ("sqlite", "mysql", "postgresql", "mssql")


def missing_for_mlflow(uri: str | None) -> tuple[str, ...]:
    """Returns the packages that are missing for logging to MLflow.

    Args:
        uri: The server or database; None for a database in a file.
    """
    needed = ["mlflow"]
    if uri is None or uri.startswith(_DATABASES):
        needed += ["sqlalchemy", "alembic"]
    return tuple(name for name in needed if find_spec(name) is None)
