"""One hash that changes when any sample, label or division into splits does."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.raw import Part, RawData
from nnrun.data.splitting import SplitIndices


def fingerprint(raw: RawData, indices: SplitIndices) -> str:
    """Returns a SHA-256, in hexadecimal, over the raw data and which sample lies in which split."""
    digest = hashlib.sha256()
    about = {
        "kind": raw.kind,
        "class_names": raw.class_names,
        "feature_names": raw.feature_names,
        "target_names": raw.target_names,
        "categories": sorted(raw.categories.items()),
    }
    digest.update(json.dumps(about).encode())
    for part in (raw.samples, raw.test, raw.validation):
        if part is not None:
            _update_with_part(digest, part)
    for array in (indices.train, indices.validation, indices.test):
        _update(digest, array)
    return digest.hexdigest()


def _update_with_part(digest: Any, part: Part) -> None:
    if part.digest is None:
        _update(digest, part.x)
    else:
        digest.update(part.digest.encode())
    _update(digest, part.y)
    if part.weights is not None:
        _update(digest, part.weights)


def _update(digest: Any, array: NDArray[Any] | None) -> None:
    if array is None:
        digest.update(b"none")
        return
    if array.dtype.kind in "OUT":
        content = json.dumps(array.tolist()).encode()
        digest.update(f"text {array.shape} {len(content)}".encode())
        digest.update(content)
        return
    # Little-endian everywhere, so that a run has the same fingerprint on every machine.
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    digest.update(f"{array.dtype.str} {array.shape}".encode())
    digest.update(array.reshape(-1).view(np.uint8).data)
