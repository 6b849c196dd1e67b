"""Pictures: complete PNG files for everything that a run can hold, without a warning."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from nnrun.evaluation.calibration import calibration as calibrate
from nnrun.evaluation.calibration import interval
from nnrun.evaluation.numbers import percent
from nnrun.evaluation.plots import style
from nnrun.evaluation.plots.boundary import Plane, boundary
from nnrun.evaluation.plots.calibration import calibration
from nnrun.evaluation.plots.choosing import first_of_each, grouped, telling
from nnrun.evaluation.plots.confusion import confusion
from nnrun.evaluation.plots.curves import Best, curves
from nnrun.evaluation.plots.labels import column_labels, labels
from nnrun.evaluation.plots.misclassified import Mistake, gallery
from nnrun.evaluation.plots.pairs import pairs, pairs_of_values
from nnrun.evaluation.plots.palette import colours
from nnrun.evaluation.plots.pixels import displayable
from nnrun.evaluation.plots.residuals import residuals
from nnrun.evaluation.plots.roc import Point, roc
from nnrun.evaluation.plots.samples import image_grid, image_rows
from nnrun.evaluation.plots.table_picture import Column, table_picture
from nnrun.evaluation.plots.ticks import PlainNumbers
from nnrun.evaluation.ranking import ranking
from nnrun.evaluation.scores import regression

NAMES = ("猫", "قطة", "a" * 300, "$5 to $10", "line\nbreak", "<script>", "", "🐈", "हिन्दी", "\x1b[31m")
"""What a class may be called."""


def opened(content: bytes) -> Image.Image:
    """Opens a PNG completely and makes sure that something is drawn on it."""
    image = Image.open(io.BytesIO(content))
    image.load()
    assert image.format == "PNG"
    assert len(set(image.convert("L").get_flattened_data())) > 10
    return image


def random() -> np.random.Generator:
    """Returns the same random numbers for every test."""
    return np.random.default_rng(0)


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects every text that is written on axes or figures."""
    found: list[str] = []
    from matplotlib.figure import Figure

    def spy(kind: type) -> None:
        original = kind.text  # type: ignore[attr-defined]

        def text(self: object, x: float, y: float, s: str, *rest: object, **more: object) -> object:
            found.append(s)
            return original(self, x, y, s, *rest, **more)

        monkeypatch.setattr(kind, "text", text)

    spy(Axes)
    spy(Figure)
    return found


@pytest.mark.parametrize("count", [2, 10, 26, 100, 300])
def test_confusion_matrix_at_every_size(count: int, texts: list[str]) -> None:
    """A few classes with counts in the cells; many with the worst mistakes beside it."""
    matrix = np.eye(count, dtype=np.int64) * 20 + 1
    matrix[1, 0] = 7
    image = opened(confusion(matrix, [f"class {number}" for number in range(count)], "title", "subtitle"))
    assert 400 < image.width < 3000
    assert 350 < image.height < 3000
    listed = [text for text in texts if text.endswith("class 1 taken for class 0")]
    assert bool(listed) == (count > 25)
    assert ("21" in texts) == (count <= 25)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_classes_may_be_anything(name: str) -> None:
    """Names are drawn as they are, or shortened; none is taken for a formula, none makes a warning."""
    opened(confusion(np.array([[3, 1], [0, 4]]), [name, "other"], "title"))


def test_a_machine_without_fonts_tells_classes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no font has the characters of some names, their numbers are shown, and nothing warns."""
    style._families.cache_clear()
    style._characters.cache_clear()
    monkeypatch.setattr(style, "_OTHER_FONTS", ())
    try:
        short = labels(["猫", "犬", "cat", "猫 cat"], 20)
        assert short == ["#0 □", "#1 □", "cat", "#3 □ cat"]
        opened(confusion(np.eye(4, dtype=np.int64) * 3 + 1, ["猫", "犬", "cat", "猫 cat"], "title"))
    finally:
        style._families.cache_clear()
        style._characters.cache_clear()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["short", "also"], ["short", "also"]),
        (["a very long name of a class", "other"], ["a very…", "other"]),
        (["long name of class 1", "long name of class 2"], ["long…s 1", "long…s 2"]),
        (["the same name", "the same name"], ["#0 the…ame", "#1 the…ame"]),
        (["", "\x00", " "], ["#0", "#1", "#2"]),
        (["two\nlines", "tab\there"], ["two lin…", "tab here"]),
    ],
)
def test_labels_are_short_and_told_apart(names: Sequence[str], expected: Sequence[str]) -> None:
    """The end is left out, or the middle where beginnings are the same; else the number comes first."""
    assert labels(names, 8) == list(expected)


def test_columns_with_a_number_only_are_called_so() -> None:
    """A file without a header has no other names."""
    assert column_labels(["0", "11", "x2"], 20) == ["column 0", "column 11", "x2"]


def test_an_empty_class_has_no_shade() -> None:
    """A class without samples divides by zero otherwise."""
    opened(confusion(np.array([[3, 1], [0, 0]]), ["a", "b"], "title"))


def history(epochs: int) -> list[dict[str, float | None]]:
    """Returns rows of `metrics.csv` with a falling learning rate."""
    return [
        {
            "epoch": float(n),
            "learning_rate": 0.1 / n,
            "loss": 1 / n,
            "accuracy": 1 - 1 / (n + 1),
            "val_loss": 1.1 / n,
        }
        for n in range(1, epochs + 1)
    ]


@pytest.mark.parametrize("epochs", [1, 2, 300])
def test_curves_of_any_length(epochs: int) -> None:
    """Training and validation, with the best epoch."""
    opened(curves(history(epochs), "run", Best(epochs, "val_loss")))


def test_numbers_of_a_logarithmic_axis_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formulas are off, as names may hold a dollar sign: powers of ten must not be written as one."""
    seen: list[str] = []
    from matplotlib.figure import Figure

    original = Figure.savefig

    def save(self: Figure, *rest: object, **more: object) -> None:
        original(self, *rest, **more)  # type: ignore[arg-type]
        for axes in self.axes:
            seen.extend(label.get_text() for label in axes.get_yticklabels(which="both"))

    monkeypatch.setattr(Figure, "savefig", save)
    curves(history(300), "run")
    assert "0.01" in seen
    assert not [text for text in seen if "$" in text or "{" in text]


def test_curves_with_gaps_and_nan(texts: list[str]) -> None:
    """Validated every second epoch, and diverged at the end."""
    rows: list[dict[str, float | None]] = [
        {"epoch": 1.0, "loss": 1.0, "val_loss": None},
        {"epoch": 2.0, "loss": 0.5, "val_loss": 0.7},
        {"epoch": 3.0, "loss": math.nan, "val_loss": math.inf},
    ]
    opened(curves(rows, "run"))


def test_curves_without_any_finite_value() -> None:
    """A run that diverged at once."""
    opened(curves([{"epoch": 1.0, "loss": math.nan, "val_loss": math.nan}], "run"))


@pytest.mark.parametrize(
    "shape", [(28, 28, 1), (32, 32, 3), (8, 8, 2), (8, 8, 4), (20, 300, 1), (300, 20, 3)]
)
def test_images_of_every_form(shape: tuple[int, int, int]) -> None:
    """Grey and coloured, wide and high; more channels than can be shown."""
    images = displayable(random().integers(0, 256, (6, *shape)).astype(np.uint8))
    assert images.min() >= 0
    assert images.max() <= 1
    opened(image_rows(images, np.array([0, 0, 0, 1, 1, 1]), ["a", "b"], "samples", "all"))
    opened(image_grid(images, [str(number) for number in range(6)], "samples", "all"))
    opened(gallery(images, [Mistake("cat", "a rather long name", 0.9)] * 6, "mistakes", "all"))


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.array([0, 128, 255], np.uint8), [0, 128 / 255, 1]),
        (np.array([0, 4, 16], np.uint8), [0, 0.25, 1]),
        (np.array([-1.0, 0, 1]), [0, 0.5, 1]),
        (np.array([5.0, 5, 5]), [0, 0, 0]),
        (np.array([0.0, math.nan, 1]), [0, 0, 1]),
    ],
)
def test_images_are_scaled_to_what_they_hold(images: np.ndarray, expected: list[float]) -> None:
    """Bytes are pixels; the sixteen levels of a small image are not drawn as nearly black."""
    np.testing.assert_allclose(displayable(images.reshape(1, 1, 3, 1)).reshape(-1), expected)


def test_samples_of_each_class_come_first() -> None:
    """By class, and in the order of the split; a class may have none."""
    assert first_of_each(np.array([2, 0, 2, 0, 0, 2]), 4, 2).tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize(
    ("share", "expected"), [(1.0, "100.0 %"), (0.99999, "> 99.9 %"), (0.5, "50.0 %"), (None, "")]
)
def test_nearly_certain_is_not_certain(share: float | None, expected: str) -> None:
    """A probability that is not 1 is never shown as 100 %."""
    assert percent(share) == expected


def test_a_table_as_a_picture() -> None:
    """Texts of any kind, numbers, and empty cells."""
    columns = [Column("name", labels(NAMES[3:6], 20)), Column("x", ["1", "", "1,000"], is_number=True)]
    opened(table_picture(columns, "title", "subtitle"))


@pytest.mark.parametrize("classes", [2, 10, 100])
@pytest.mark.parametrize("columns", [1, 2, 6])
def test_pairs_at_every_size(classes: int, columns: int) -> None:
    """Points and densities; one column is constant, one has few values, one has empty cells."""
    x = random().normal(size=(400, columns))
    x[:, 0] = 3.0
    if columns > 2:
        x[:, 1] = random().integers(0, 3, 400)
        x[::7, 2] = math.nan
    target = np.arange(400) % classes
    groups = grouped(target, [f"class {number}" for number in range(classes)])
    assert sum(len(members) for members in groups.members) == 400
    opened(pairs(x, groups, [f"feature {n}" for n in range(columns)], "title", "subtitle"))


def test_pairs_of_a_regression() -> None:
    """Colours are values; all of them may be the same, and all cells of a column may be empty."""
    x = random().normal(size=(50, 2)) * [1, 1e7]
    opened(pairs_of_values(x, random().normal(size=50), ["a", "b"], "target", "title", ""))
    x[:, 1] = math.nan
    opened(pairs_of_values(x, np.ones(50), ["a", "b"], "target", "title", ""))


def test_columns_that_tell_most_are_shown() -> None:
    """Of many columns those in which the classes differ, in the order of the table."""
    x = random().normal(size=(200, 12))
    y = random().integers(0, 3, 200).astype(float)
    strong = [1, 4, 5, 8, 10, 11]
    x[:, strong] += 5 * y[:, np.newaxis]
    x[0, 4] = math.nan
    assert telling(x, y, classes=3) == strong
    assert telling(x, y, classes=None) == strong
    assert telling(x[:, :3], y, classes=3) == [0, 1, 2]


@pytest.mark.parametrize("classes", [2, 3, 100])
@pytest.mark.parametrize("known", [True, False])
def test_boundary_at_every_size(classes: int, known: bool) -> None:
    """Regions with and without probabilities; the span may be very wide or flat."""
    axis = np.linspace(-3, 3, 40)
    numbers = (np.add.outer(np.arange(40), np.arange(40)) * classes // 80).astype(np.int64)
    probability = np.full((40, 40), 0.7) if known else None
    plane = Plane(axis, axis * 1e4, numbers, probability, np.full((40, 40), 0.1))
    points = random().normal(size=(60, 2))
    names = [f"class {number}" for number in range(classes)]
    opened(boundary(plane, points, np.arange(60) % classes, ["x", "y"], names, "title", "subtitle"))


def test_boundary_of_one_class_has_no_line() -> None:
    """A network that decides for one class everywhere; no sample lies in the span."""
    axis = np.linspace(0, 1, 10)
    plane = Plane(axis, axis, np.zeros((10, 10), np.int64), np.full((10, 10), 0.1), np.ones((10, 10)))
    nothing = np.zeros((0, 2))
    opened(boundary(plane, nothing, np.zeros(0, np.int64), ["x", "y"], ["a", "b"], "title", ""))


@pytest.mark.parametrize("samples", [1, 30, 5_000])
@pytest.mark.parametrize("targets", [1, 8])
def test_residuals_of_any_size(samples: int, targets: int) -> None:
    """Few samples are points, many a density; of many targets some are shown."""
    truth = random().normal(1e5, 2e4, (samples, targets))
    predicted = truth + random().normal(0, 1e3, truth.shape)
    scores = regression(truth, predicted, [f"target {n}" for n in range(targets)])
    opened(residuals(truth, predicted, scores, "title", "subtitle"))


def test_residuals_of_a_constant() -> None:
    """True and predicted values that are all the same have no range."""
    ones = np.ones((10, 1))
    opened(residuals(ones, ones, regression(ones, ones, ["y"]), "title", ""))


def test_roc_and_calibration() -> None:
    """Two classes, and a network that decides for nothing."""
    truth = np.arange(100) % 2
    scores = np.clip(random().random(100) * 0.6 + 0.4 * truth, 0, 1)
    opened(roc(ranking(truth, scores), Point(0.1, 0.9, 0.8), 0.5, "title", "subtitle"))
    opened(roc(ranking(truth, scores), Point(0.0, 0.0, math.nan), 0.5, "title", "subtitle"))
    opened(calibration(calibrate(scores, truth), "stated", "observed", "title", "subtitle"))
    opened(calibration(calibrate(np.array([0.5]), np.array([1])), "stated", "observed", "title", ""))


def test_intervals_hold_the_share() -> None:
    """Wilson's interval of 5 of 10 (a published value), and of none and all."""
    low, high = interval(np.array([0.5, 0.0, 1.0]), np.array([10, 10, 10]))
    assert low[0] == pytest.approx(0.2366, abs=1e-4)
    assert high[0] == pytest.approx(0.7634, abs=1e-4)
    assert low[1] == 0
    assert high[2] == 1
    assert high[1] == pytest.approx(0.2775, abs=1e-4)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 0.05, 0.1], ["0.00", "0.05", "0.10"]),
        ([2020, 2020.5, 2021], ["2020.0", "2020.5", "2021.0"]),
        ([0, 10_000, 20_000], ["0", "10,000", "20,000"]),
        ([-2.5e6, 0, 2.5e6], ["-2.5 M", "0", "2.5 M"]),
        ([1e-7, 2e-7], ["1e-07", "2e-07"]),
        ([0, 1e12], ["0", "1e+12"]),
        ([-0.0, 1.0], ["0", "1"]),
        ([3], ["3"]),
        ([], []),
    ],
)
def test_ticks_are_plain_numbers(values: list[float], expected: list[str]) -> None:
    """As many decimals as tell them apart, and no factor beside the axis."""
    assert PlainNumbers().format_ticks(values) == expected


def test_classes_have_colours_of_their_own() -> None:
    """Up to ten; more are repeated."""
    for count in range(2, 11):
        assert len(set(colours(count))) == count
    assert len(colours(100)) == 100
