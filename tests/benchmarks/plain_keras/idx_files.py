"""MNIST from its original files, as the scripts here read it without a network."""

import gzip
import os
from pathlib import Path

import numpy as np

FOLDER = Path(os.environ.get("NNRUN_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "mnist"


def images(part: str) -> np.ndarray:
    """Returns the images of `train` or `t10k` as floats in [0, 1], shape `(samples, 28, 28, 1)`."""
    data = np.frombuffer(gzip.decompress((FOLDER / f"{part}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    return data.reshape(-1, 28, 28, 1).astype("float32") / 255


def labels(part: str) -> np.ndarray:
    """Returns the labels of `train` or `t10k`, shape `(samples,)`."""
    return np.frombuffer(gzip.decompress((FOLDER / f"{part}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
