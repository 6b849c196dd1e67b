"""The page in a real browser: it draws what the run measured, answers to hands, and can do no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnrun.evaluation.report import html
from nnrun.evaluation.report.texts import figure
from tests.browser import NAMES, Browser, find
from tests.configs import nnrun
from tests.made_run import Made, make, metrics_of
from tests.test_report import HOSTILE

EPOCHS = 40
MADE = Made(epochs=EPOCHS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser, for all of these tests."""
    program = find()
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)}, and NNRUN_TEST_BROWSER names none")
    with Browser(program) as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    many = [*HOSTILE, *(f"class {number} with a name that is long" for number in range(30))]
    made = {
        "classes": MADE,
        "hostile": Made(name="hostile", names=HOSTILE, each=8, messages=HOSTILE),
        "many": Made(name="many", names=many, each=6),
        "values": Made(kind="values", name="values", epochs=1),
        "images": Made(kind="images", name="images", epochs=300, lost=(7, 8)),
        "nothing": Made(name="nothing", status="failed", epochs=0),
    }
    runs = {name: make(folder, one) for name, one in made.items()}
    found = {}
    for name, run in runs.items():
        assert nnrun("report", str(run.path)) == 0
        found[name] = run.path / "report.html"
    found["several"] = folder / "several.html"
    three = (str(runs[name].path) for name in ("classes", "hostile", "values"))
    assert nnrun("report", *three, "--output", str(found["several"])) == 0
    return found


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("name", ["classes", "hostile", "many", "values", "images", "nothing", "several"])
def test_pages_open_from_the_disk(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    """No error in the console, no request, no text out of the window; everything is drawn."""
    browser.open(pages[name], width, dark=width == 360)
    assert browser.complaints == []
    assert browser.run("Math.max(document.documentElement.scrollWidth, innerWidth)") == width
    empty = "[...document.querySelectorAll('.plot')].filter((plot) => !plot.querySelector('svg')).length"
    assert browser.run(empty) == 0
    assert browser.run("typeof hacked") == "undefined"
    # Nothing that was given as a name became an element.
    assert browser.run(
        "document.querySelectorAll('script, img[src=\"x\"], [onerror]').length"
    ) == browser.run("document.querySelectorAll('script[type=\"application/json\"], body > script').length")


def test_curves_show_the_right_numbers(browser: Browser, pages: dict[str, Path]) -> None:
    """Pointing at an epoch tells its values in all charts; without a pointer those of the best one are told."""
    browser.open(pages["classes"])
    best = EPOCHS - 1
    assert readout(browser, "loss") == f"epoch {best} (best) {told('loss', best)}"
    for epoch in (1, 7, EPOCHS):
        x, y = place(browser, "mae", epoch)
        browser.point("mouseMoved", x, y)
        assert readout(browser, "mae") == f"epoch {epoch} {told('mae', epoch)}"
        assert readout(browser, "loss") == f"epoch {epoch} {told('loss', epoch)}"
    browser.point("mouseMoved", 3, 3)
    assert readout(browser, "loss").startswith(f"epoch {best} (best)")
    # The lines go where the values are, by the numbers at the axis.
    path = browser.run(f"{chart('loss')}.querySelectorAll('path.line')[0].getAttribute('d')")
    heights = [float(part.split(" ")[1]) for part in path.replace("M", "L").split("L")[1:]]
    lines = browser.run(
        f"[...{chart('loss')}.querySelectorAll('line.gridline')].map((line) => Number(line.getAttribute('y1')))"
    )
    numbers = [float(text) for text in axis(browser, "loss")[: len(lines)]]
    scale = (lines[-1] - lines[0]) / (numbers[-1] - numbers[0])
    for epoch, height in enumerate(heights, start=1):
        assert height == pytest.approx(
            lines[0] + scale * (metrics_of(epoch, MADE)["loss"] - numbers[0]), abs=1
        )


def test_keys_and_zoom(browser: Browser, pages: dict[str, Path]) -> None:
    """Arrows go from epoch to epoch; a part is enlarged with the mouse or the keys, and shown as a whole again."""
    browser.open(pages["classes"])
    browser.run(f"{chart('loss')}.querySelector('.plot').focus()")
    browser.press("ArrowLeft")
    assert readout(browser, "loss") == f"epoch {EPOCHS - 2} {told('loss', EPOCHS - 2)}"
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    assert readout(browser, "mae") == f"epoch {EPOCHS} {told('mae', EPOCHS)}"
    everything = ticks(browser, "loss")
    start, end = place(browser, "loss", 10), place(browser, "loss", 20)
    browser.point("mousePressed", *start, pressed=True)
    browser.point("mouseMoved", *end, pressed=True)
    browser.point("mouseReleased", *end)
    assert everything != ticks(browser, "loss") == ticks(browser, "mae")
    assert {int(tick) for tick in ticks(browser, "loss")} <= set(range(10, 21))
    assert not browser.run(f"{chart('loss')}.querySelector('.whole').hidden")
    x, y = place(browser, "loss", 15, first=10, last=20)
    browser.point("mouseMoved", x, y)
    assert readout(browser, "loss").startswith("epoch 15 ")
    browser.run(f"{chart('loss')}.querySelector('.whole').click()")
    assert ticks(browser, "loss") == everything
    browser.press("+")
    assert ticks(browser, "mae") != everything
    browser.press("Escape")
    assert ticks(browser, "mae") == everything
    assert browser.complaints == []


def test_what_is_shown_can_be_chosen(browser: Browser, pages: dict[str, Path]) -> None:
    """A series is hidden in all charts; an axis is logarithmic or not."""
    browser.open(pages["classes"])
    count = f"{chart('loss')}.querySelectorAll('path.line').length"
    assert browser.run(count) == 2
    browser.run("document.querySelector('[data-key=train]').click()")
    assert browser.run(count) == 1
    assert "train" not in readout(browser, "mae")
    assert browser.run("document.querySelector('[data-key=train]').getAttribute('aria-pressed')") == "false"
    browser.run("document.querySelector('[data-key=train]').click()")
    before = axis(browser, "loss")
    browser.run(f"{chart('loss')}.querySelector('.log').click()")
    assert axis(browser, "loss") != before
    assert browser.run(f"{chart('loss')}.querySelector('.log').getAttribute('aria-pressed')") == "true"


def test_points_tell_what_they_are(browser: Browser, pages: dict[str, Path]) -> None:
    """The pointer finds the nearest sample of a scatter plot, and a cell of a large confusion matrix."""
    browser.open(pages["values"])
    data = json.loads(browser.run(f"{chart('residuals')}.querySelector('script').textContent"))
    browser.run(f"{chart('residuals')}.querySelector('.plot').focus()")
    browser.press("ArrowLeft")
    curve = data["curves"][0]
    assert (
        readout(browser, "residuals")
        == f"predicted {figure(curve['x'][-1])} residual {figure(curve['y'][-1])}"
    )
    browser.open(pages["many"])
    box = browser.run(
        "(() => { const surface = document.querySelector('.heat .surface'); surface.scrollIntoView();"
        " const box = surface.getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; })()"
    )
    heat = json.loads(browser.run("document.querySelector('.heat script').textContent"))
    row, column, samples = next(cell for cell in heat["cells"] if cell[0] != cell[1])
    side = len(heat["names"])
    browser.point("mouseMoved", box[0] + (column + 0.5) / side * box[2], box[1] + (row + 0.5) / side * box[3])
    text = browser.run("document.querySelector('.heat .readout').textContent")
    assert text.startswith(f"true {heat['names'][row]}, predicted {heat['names'][column]}: {samples} of ")


def test_tables_are_sorted(browser: Browser, pages: dict[str, Path]) -> None:
    """A click on a title sorts by numbers, a second one the other way, a third one brings the order back."""
    browser.open(pages["classes"])
    table = "document.querySelectorAll('#evaluation table.sortable')[0]"
    values = f"[...{table}.tBodies[0].rows].map((row) => Number(row.cells[3].dataset.v))"
    original = browser.run(values)
    click = f"{table}.tHead.rows[0].cells[3].querySelector('button').click()"
    for expected in (sorted(original, reverse=True), sorted(original), original):
        browser.run(click)
        assert browser.run(values) == expected


def test_light_and_dark(browser: Browser, pages: dict[str, Path]) -> None:
    """The page follows the system, and its own switch; on paper it is light."""
    colour = "getComputedStyle(document.body).backgroundColor"
    for dark, expected in ((False, "rgb(255, 255, 255)"), (True, "rgb(21, 24, 28)")):
        browser.open(pages["classes"], dark=dark)
        browser.run("localStorage.clear()")
        assert browser.run(colour) == expected
    browser.run("document.getElementById('theme').click()")
    assert browser.run(colour) == "rgb(255, 255, 255)"
    browser.run("document.getElementById('theme').click()")
    assert browser.run(colour) == "rgb(21, 24, 28)"
    browser.command("Emulation.setEmulatedMedia", media="print")
    assert browser.run(colour) == "rgb(255, 255, 255)"
    browser.run("localStorage.clear()")


def test_on_paper(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """Everything that can be opened is open while the page is printed, and not afterwards."""
    browser.open(pages["classes"])
    closed = "document.querySelectorAll('details:not([open])').length"
    before = browser.run(closed)
    assert before > 0
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(closed) == 0
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(closed) == before
    browser.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    assert browser.complaints == []


def test_the_policy_holds(browser: Browser, pages: dict[str, Path]) -> None:
    """What got into the page all the same would not be executed, nor loaded."""
    browser.open(pages["classes"])
    browser.run(
        'document.body.insertAdjacentHTML(\'beforeend\', \'<p id="in" onclick="hacked = 1">x</p>'
        '<img src="https://example.com/x.png">\')'
    )
    browser.run("document.getElementById('in').click()")
    browser.run(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'hacked = 2'}))"
    )
    browser.settle()
    assert browser.run("typeof hacked") == "undefined"
    refused = [text for text in browser.complaints if "Content Security Policy" in text]
    assert len(refused) >= 3


def test_the_script_writes_numbers_as_python_does(browser: Browser, pages: dict[str, Path]) -> None:
    """The values of charts look like those of tables."""
    browser.open(pages["nothing"])
    values = [
        0,
        0.5,
        1 / 3,
        -2.71828,
        99.99994,
        123.456,
        1e-3,
        9.99e-4,
        -3e-12,
        1234.5,
        39749.31,
        8e8,
        2.5e9,
        1e300,
    ]
    script = html.asset("values.js")
    written = browser.run(f"(() => {{ {script}; return {json.dumps(values)}.map(valueText); }})()")
    assert written == [figure(value) for value in values]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("linearTicks(0, 1, 5, false)", ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ("linearTicks(0.5, 6.5, 8, true)", ["1", "2", "3", "4", "5", "6"]),
        ("linearTicks(0.4, 2.6, 9, true)", ["1", "2"]),
        ("linearTicks(-1500, 5000, 4, false)", ["0", "2,000", "4,000"]),
        ("linearTicks(-3e-7, 3e-7, 3, false)", ["-2e-7", "0", "2e-7"]),
        ("logarithmicTicks(0.008, 1.1, 5)", ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]),
        ("logarithmicTicks(1e-6, 1e3, 5)", ["1e-6", "0.0001", "0.01", "1", "100"]),
        ("logarithmicTicks(2, 3, 4)", ["2.0", "2.5", "3.0"]),
    ],
)
def test_axes(browser: Browser, pages: dict[str, Path], call: str, expected: list[str]) -> None:
    """Axes have few round numbers, whole ones for epochs."""
    script = html.asset("ticks.js")
    found = browser.run(f"(() => {{ {script}; return {call}.map((tick) => tick.text); }})()")
    assert found == expected


def chart(title: str) -> str:
    """Returns what finds a chart in the page."""
    charts = "[...document.querySelectorAll('figure.chart')]"
    return f"{charts}.find((one) => one.querySelector('h3').textContent === '{title}')"


def readout(browser: Browser, title: str) -> str:
    """Returns what stands above a chart."""
    parts = (
        f"[...{chart(title)}.querySelectorAll('.readout > span')].map((part) => part.textContent).join(' ')"
    )
    return str(browser.run(parts)).strip()


def told(metric: str, epoch: int) -> str:
    """Returns the values of an epoch as a chart tells them."""
    values = metrics_of(epoch, MADE)
    return f"train {figure(values[metric])} validation {figure(values[f'val_{metric}'])}"


def place(
    browser: Browser, title: str, epoch: float, first: float = 1, last: float = EPOCHS
) -> tuple[float, float]:
    """Returns where an epoch is in the window, when the axis shows so many epochs."""
    browser.run(f"{chart(title)}.scrollIntoView({{block: 'center'}})")
    left, top, width, height = browser.run(
        f"(() => {{ const box = {chart(title)}.querySelector('.surface').getBoundingClientRect();"
        " return [box.x, box.y, box.width, box.height]; })()"
    )
    margin = max(0.02 * (EPOCHS - 1), 0.5) if (first, last) == (1, EPOCHS) else 0
    return left + (epoch - first + margin) / (last - first + 2 * margin) * width, top + height / 2


def ticks(browser: Browser, title: str) -> list[str]:
    """Returns the numbers at the axis of epochs."""
    found: Any = browser.run(
        f"[...{chart(title)}.querySelectorAll('text[text-anchor=middle]')].map((text) => text.textContent)"
    )
    return list(found)


def axis(browser: Browser, title: str) -> list[str]:
    """Returns the numbers at the upright axis."""
    found: Any = browser.run(
        f"[...{chart(title)}.querySelectorAll('text[text-anchor=end]')].map((text) => text.textContent)"
    )
    return list(found)
