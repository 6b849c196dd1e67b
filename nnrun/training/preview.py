"""The layers that a config describes, as Keras builds them, without any training."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from nnrun.config.load import LoadedConfig
from nnrun.errors import DataError
from nnrun.training.startup import import_tensorflow, output_to


def build_table(loaded: LoadedConfig) -> str:
    """Builds and compiles the model of a config and returns the table of its layers.

    The data is loaded only where the shape of its samples cannot be told otherwise.

    Raises:
        ConfigError: Keras cannot build or compile this.
        DataError: The data had to be loaded and cannot be.
    """
    from nnrun.data.facts import facts_of
    from nnrun.data.loading import load_splits
    from nnrun.data.splits import facts_of_splits

    loaded = loaded.with_seed(0)
    experiment = loaded.experiment
    facts = facts_of(experiment.dataset)
    if facts.shape is None and experiment.dataset.source == "python":
        raise DataError(
            f"the shape of the samples is known only after {experiment.dataset.function} has run, which `check` "
            "never does",
            "`nnrun train --dry-run --allow-code` does it",
        )
    if facts.shape is None:
        facts = facts_of_splits(load_splits(experiment.dataset, experiment.compile.loss, loaded.seed))
    shape = facts.shape or ()
    descriptor, log = tempfile.mkstemp(prefix="nnrun-", suffix=".log")
    os.close(descriptor)
    try:
        with output_to(Path(log)):
            import_tensorflow("cpu")
            from nnrun.training.building import build_model, compile_model, layer_table

            model = build_model(loaded, shape, facts.dtype, loaded.seed)
            compile_model(loaded, model, jit_compile=False)
            weights = sum(
                variable.value.dtype.size * variable.value.shape.num_elements() for variable in model.weights
            )
            return f"{layer_table(model)}Memory of the weights: {weights / 2**20:,.2f} MiB\n"
    finally:
        Path(log).unlink(missing_ok=True)
