"""Whether each class has enough images. Free of NumPy."""

from __future__ import annotations

from collections.abc import Mapping

from nnrun.data.names import quoted
from nnrun.errors import DataError


def check_counts(
    counts: Mapping[str, int], least: int | None, wanted: int | None, where: str, key: str
) -> None:
    """Refuses classes with fewer images than the config asks for.

    Args:
        counts: Images of each class.
        least: `min_per_class`.
        wanted: `samples_per_class`.
        where: Where the images are.
        key: The section of the config, such as `dataset.test`.

    Raises:
        DataError: A class has too few; all of them are named.
    """
    for name, number in (("min_per_class", least), ("samples_per_class", wanted)):
        few = [(count, label) for label, count in counts.items() if number is not None and count < number]
        if few:
            shown = ", ".join(f"{quoted(label)} has {count:,}" for count, label in sorted(few)[:10])
            more = f" and {len(few) - 10} more classes have too few" if len(few) > 10 else ""
            raise DataError(
                f"{key}.{name}: it is {number:,}, but of the images in {where}, class {shown}{more}",
                "ask for less, or leave the classes with too few out: `dataset.exclude`",
            )
