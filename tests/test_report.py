"""The page about a run, and about several: what is in it, and that nothing in it can do harm."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnrun.evaluation.plots.choosing import COLUMNS
from nnrun.evaluation.report.charts import Curve, thinned
from nnrun.evaluation.report.html import GENERATOR
from nnrun.evaluation.report.judging import Wish
from nnrun.evaluation.report.one.network import parse
from nnrun.evaluation.report.past import past_of
from nnrun.evaluation.report.pictures import thumbnails
from nnrun.evaluation.report.sections import OF_ONE, OF_SEVERAL
from nnrun.evaluation.report.texts import clean, figure
from nnrun.rundir.reading import Run
from tests.configs import nnrun
from tests.made_run import MODEL, Made, make, metrics_of

HOSTILE = (
    "<script>hacked = 1</script>",
    "</script><img src=x onerror=hacked=1>",
    '"\' onmouseover="hacked=1" x=\'',
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "javascript:hacked=1",
    "\u202eright to left\u202c",
    "=cmd()",
    "北京 \U0001f984",
)


class Page(html.parser.HTMLParser):
    """A page, taken apart."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.data: list[Any] = []
        self.styles: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag in ("script", "style"):
            json_data = dict(attributes).get("type") == "application/json"
            self._inside = "data" if json_data else tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "data":
            self.data.append(json.loads(data))
        elif self._inside:
            {"script": self.scripts, "style": self.styles}[self._inside].append(data)
        elif data.strip():
            self.words.append(data.strip())

    @property
    def visible(self) -> str:
        """What can be read on it."""
        return " ".join(self.words)

    @property
    def sections(self) -> list[str]:
        """The ids of its sections."""
        return [str(attributes["id"]) for tag, attributes in self.tags if tag == "section"]

    def chart(self, title: str) -> Mapping[str, Any]:
        """Returns the values of a chart."""
        found: list[Mapping[str, Any]] = [one for one in self.data if one.get("title") == title]
        assert found, [one.get("title") for one in self.data]
        return found[0]


def report(run: Run, *arguments: str) -> Page:
    """Makes the report of a run and reads it."""
    assert nnrun("report", str(run.path), *arguments) == 0
    return Page((run.path / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nobody changes."""
    return make(tmp_path_factory.mktemp("original"))


@pytest.fixture
def copied(original: Run, tmp_path: Path) -> Run:
    """A copy of it."""
    return Run.read(Path(shutil.copytree(original.path, tmp_path / original.id)))


def test_a_run_has_all_sections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A classification of a table: the path is printed, and every section has a link."""
    run = make(tmp_path, Made(messages=["class 'b' is rare"]))
    page = report(run)
    captured = capsys.readouterr()
    assert captured.out == f"{run.path / 'report.html'}\n"
    assert captured.err == ""
    assert page.sections == [
        "summary", "curves", "evaluation", "confusion", "probabilities", "mistakes", "data", "samples", "pairs",
        "network", "config", "environment", "history",
    ]  # fmt: skip
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["#content", *(f"#{name}" for name in page.sections)]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for text in (
        run.id,
        "completed: all epochs trained",
        "12,345",
        "2.5s",
        "class 'b' is rare",
        "few batches",
    ):
        assert text in page.visible
    assert len(OF_ONE) >= len(page.sections)


def test_every_kind_of_run_has_what_fits_it(tmp_path: Path) -> None:
    """Two classes have a ROC curve, numbers have residuals, images are shown."""
    two = report(make(tmp_path, Made(name="two", names=("no", "yes"))))
    assert [one["title"].split(",")[0] for one in two.data if "title" in one][-3:] == [
        "ROC curve", "Precision and recall", "Calibration",
    ]  # fmt: skip
    numbers = report(make(tmp_path, Made(kind="values", name="numbers")))
    assert {"residuals", "mistakes"} <= set(numbers.sections)
    assert not {"confusion", "probabilities"} & set(numbers.sections)
    images = report(make(tmp_path, Made(kind="images", name="images")))
    assert "pairs" not in images.sections
    pictures = [attributes["src"] for tag, attributes in images.tags if tag == "img"]
    assert len(pictures) > 20
    for source in pictures:
        kind, _, content = str(source).partition(",")
        assert kind == "data:image/png;base64"
        Image.open(io.BytesIO(base64.b64decode(content))).load()
    assert all(attributes.get("alt") for tag, attributes in images.tags if tag == "img")


def test_charts_have_the_values_of_the_run(tmp_path: Path) -> None:
    """The curves are the columns of metrics.csv, the best epoch is marked, the learning rate is there."""
    made = Made(epochs=7)
    run = make(tmp_path, made)
    page = report(run)
    chart = page.chart("loss")
    train, validation = chart["curves"]
    epochs = list(range(1, 8))
    assert train["x"] == validation["x"] == epochs
    np.testing.assert_allclose(train["y"], [metrics_of(epoch, made)["loss"] for epoch in epochs], rtol=1e-6)
    np.testing.assert_allclose(
        validation["y"], [metrics_of(epoch, made)["val_loss"] for epoch in epochs], rtol=1e-6
    )
    assert chart["marks"] == [{"points": [[6, None], [6, None]], "label": "best", "strong": True}]
    assert page.chart("learning rate")["curves"][0]["y"] == [0.01] * 3 + [0.001] * 4
    # The figures of the best and of the last epoch, as nnrun writes them.
    for epoch in (6, 7):
        assert all(figure(value) in page.words for value in metrics_of(epoch, made).values())


def test_figures_are_those_of_the_evaluation(tmp_path: Path) -> None:
    """Figures, classes and confusion matrix are those of the file; mistakes come with their samples."""
    run = make(tmp_path)
    page = report(run)
    record = json.loads((run.path / "evaluation" / "test-best.json").read_text())
    for value in [*record["figures"].values(), *(one["f1"] for one in record["classes"])]:
        assert figure(value) in page.words
    matrix = page.text[page.text.index('<table class="matrix">') :].partition("</table>")[0]
    counts = [int(cell.replace("·", "0")) for cell in re.findall(r"<td class=[^>]*>([\d·]+)</td>", matrix)]
    assert counts == [count for row in record["confusion_matrix"] for count in row]
    wrong = sum(map(sum, record["confusion_matrix"])) - sum(
        record["confusion_matrix"][i][i] for i in range(3)
    )
    assert f"{wrong} mistakes in {record['samples']} samples" in page.visible
    assert "row " in page.text[page.text.index('id="mistakes"') : page.text.index('id="data"')]


def test_the_page_can_do_nothing(tmp_path: Path) -> None:
    """Hostile names stay text: one script, whose hash the policy has; no handlers, no styles, nothing to load."""
    names = HOSTILE[:-1] if sys.platform == "darwin" else HOSTILE
    run = make(tmp_path, Made(name="hostile", names=names, messages=names, each=8))
    record = {**run.record, "reason": HOSTILE[0], "command": [*HOSTILE], "device": HOSTILE[1]}
    record["versions"] = {HOSTILE[0]: HOSTILE[1]}
    (run.path / "run.json").write_text(json.dumps(record))
    (run.path / "model.txt").write_text(MODEL.replace("flatten", HOSTILE[0]))
    page = report(run)
    assert len(page.scripts) == len(page.styles) == 1
    [policy] = [
        a["content"] or "" for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"
    ]
    for kind, text in (("script", page.scripts[0]), ("style", page.styles[0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, attributes in page.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "srcset", "formaction")
        ]
        assert str(attributes.get("src", "data:")).startswith("data:")
        assert re.match(r"#|data:,|$", str(attributes.get("href", "")))
        assert tag not in ("iframe", "object", "embed", "form", "base")
    assert HOSTILE[0] in page.visible
    assert "49" not in page.words
    assert "\u202e" not in page.text
    [heat_or_chart, *_] = page.data
    assert heat_or_chart["title"] == "loss"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            Made(status="interrupted"),
            "interrupted with 5 of 5 epochs complete. To continue it: nnrun resume ",
        ),
        (Made(status="failed"), "The run failed with 5 of 5 epochs complete: all epochs trained."),
        (Made(status="running"), "gone without a word: it was killed, or the power failed. 5 of 5 epochs"),
        (Made(status="failed", epochs=0), "No epoch is complete, so there are no curves and no figures."),
        (Made(status="interrupted", epochs=0), "It was never saved, so it cannot be continued."),
        (Made(evaluated=False), "Not evaluated: it was not evaluated with its present weights."),
        (Made(lost=(2, 3)), "loss (train) is not finite in 2 of 5 epochs, first in epoch 2."),
    ],
)
def test_the_page_says_how_the_run_stands(tmp_path: Path, made: Made, expected: str) -> None:
    """Interrupted, failed, lost, without an epoch, not evaluated, not finite."""
    page = report(make(tmp_path, made), "--no-evaluate")
    assert expected in page.visible
    assert ("curves" in page.sections) == (made.epochs > 0)


def test_a_run_that_is_running(tmp_path: Path) -> None:
    """The page has what there is, and says that it is not the end; nothing is evaluated."""
    run = make(tmp_path, Made(status="interrupted", evaluated=False))
    (run.path / "run.json").write_text(json.dumps({**run.record, "status": "running"}))
    page = report(Run.read(run.path))
    assert "was still going when this page was made, with 5 of 5 epochs complete" in page.visible
    assert "Not evaluated: it is still running." in page.visible


def test_the_log_of_a_failure_is_shown(tmp_path: Path) -> None:
    """The end of train.log, as text."""
    run = make(tmp_path, Made(status="failed"))
    (run.path / "train.log").write_text("".join(f"line {n} <b>\n" for n in range(50)))
    page = report(run, "--no-evaluate")
    assert "line 49 <b>" in page.words
    assert "line 19 <b>" not in page.words


def test_no_evaluate_loads_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page has what the run directory has: figures and mistakes, but no samples."""
    run = make(tmp_path)
    (tmp_path / "made.csv").unlink()
    page = report(run, "--no-evaluate")
    assert capsys.readouterr().err == ""
    assert {"evaluation", "confusion", "mistakes"} <= set(page.sections)
    assert not {"samples", "pairs"} & set(page.sections)
    assert "as no data were loaded (--no-evaluate)" in page.visible


def test_data_that_are_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page is made all the same, and says what is missing; so does stderr."""
    run = make(tmp_path)
    (tmp_path / "made.csv").unlink()
    page = report(run)
    error = capsys.readouterr().err
    assert error.startswith("warning: the data of made ")
    assert "made.csv" in error
    assert "The data cannot be loaded any more" in page.visible
    assert "confusion" in page.sections  # from the evaluation that was made before
    other = make(tmp_path, Made(name="other", evaluated=False))
    (tmp_path / "other.csv").unlink()
    assert "Not evaluated: the data cannot be loaded" in report(other).visible


def test_data_that_changed(tmp_path: Path) -> None:
    """Samples of other data are not shown as the mistakes of the network."""
    run = make(tmp_path)
    file = tmp_path / "made.csv"
    file.write_text(file.read_text().replace("a,b <2>,y\n", "a,b <2>,y\n9.5,9.5,setosa\n"))
    page = report(run)
    assert "The data have changed since the training" in page.visible
    assert "they have changed since the training." in page.visible
    mistakes = page.text[page.text.index('<section id="mistakes"') : page.text.index('<section id="data"')]
    assert "row " not in mistakes


def test_an_evaluation_of_other_weights_does_not_count(tmp_path: Path) -> None:
    """When a run was continued, its old figures are not those of the network."""
    run = make(tmp_path)
    assert "confusion" in report(run, "--no-evaluate").sections
    (run.path / "model" / "best.keras").write_bytes(b"another network")
    page = report(run, "--no-evaluate")
    assert "confusion" not in page.sections
    assert "it was not evaluated with its present weights" in page.visible


@pytest.mark.parametrize("file", ["metrics.csv", "summary.json", "events.jsonl", "model.txt", "resolved.yaml",
                                  "config.yaml", "model/preprocessing.json", "evaluation/test-best.json",
                                  "evaluation/test-best-predictions.csv"])  # fmt: skip
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise"])
def test_damaged_files(copied: Run, file: str, damage: str) -> None:
    """Whatever became of a file of the run directory, there is a page with the rest."""
    run = copied
    path = run.path / file
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {"empty": b"", "cut": content[: len(content) // 2], "noise": bytes(range(256))}[damage]
        )
    page = report(run, "--no-evaluate")
    assert {"summary", "config", "environment", "history"} <= set(page.sections)


@pytest.mark.parametrize("junk", [None, "text", [1, "a"], {"a": {"b": [2]}}, -1.5])
def test_strange_records(copied: Run, junk: Any) -> None:
    """Values of run.json, of events and of an evaluation that nobody expects leave the rest of the page alone."""
    run = copied
    kept = {"id", "name", "status", "started", "process", "format"}
    (run.path / "run.json").write_text(
        json.dumps({k: v if k in kept else junk for k, v in run.record.items()})
    )
    events = (run.path / "events.jsonl").read_text().splitlines()
    first = {key: value if key == "event" else junk for key, value in json.loads(events[0]).items()}
    (run.path / "events.jsonl").write_text("\n".join([json.dumps(first), *events[1:]]) + "\n")
    path = run.path / "evaluation" / "test-best.json"
    record = json.loads(path.read_text())
    for key in record.keys() - {"format", "run", "model_sha256", "name", "data", "fingerprint", "accuracy"}:
        path.write_text(json.dumps({**record, key: junk}))
        page = report(Run.read(run.path), "--no-evaluate")
        assert {"summary", "network", "config"} <= set(page.sections), key


def test_several_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Side by side: which is best, curves over each other, metrics, differences."""
    monkeypatch.chdir(tmp_path)
    one = make(tmp_path, Made(name="one"))
    other = make(tmp_path, Made(name="one", epochs=9))
    assert nnrun("report", str(one.path), str(other.path), str(one.path)) == 0
    assert capsys.readouterr().out == "nnrun-report.html\n"
    page = Page((tmp_path / "nnrun-report.html").read_text(encoding="utf-8"))
    assert page.sections == ["runs", "curves", "metrics", "classes", "differences"]
    assert len(page.sections) == len(OF_SEVERAL)
    assert "2 runs compared" in page.visible
    assert "By val_loss, the best is B, with 0.1500." in page.visible
    chart = page.chart("loss")
    assert [curve["label"] for curve in chart["curves"]] == [
        "A train",
        "A validation",
        "B train",
        "B validation",
    ]
    assert [len(curve["x"]) for curve in chart["curves"]] == [5, 5, 9, 9]
    assert [curve["keys"] for curve in chart["curves"]][:2] == [["A", "train"], ["A", "validation"]]
    metrics = page.text[page.text.index('<section id="metrics"') : page.text.index('<section id="classes"')]
    best = re.findall(
        r'<th scope="row">(?:<code class="k">)([^<]*)</code></th><td class="n (best|)"', metrics
    )
    assert ("val_loss ↓", "") in best
    assert ("val_mae ↓", "best") in best
    assert "fit.epochs" in page.words


def test_several_runs_of_other_data_are_not_ranked(tmp_path: Path) -> None:
    """Nothing is marked as best where the metrics cannot be compared."""
    runs = [make(tmp_path, Made(name=name, names=names)) for name, names in (("a", "xyz"), ("b", "xy"))]
    output = tmp_path / "both.html"
    assert nnrun("report", *(str(run.path) for run in runs), "--output", str(output)) == 0
    page = Page(output.read_text(encoding="utf-8"))
    assert "so their metrics cannot be compared as they are" in page.visible
    assert not re.search(r'class="[^"]*\bbest\b', page.text)
    assert "classes" not in page.sections


def test_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page is written over a page, and over nothing else."""
    run = make(tmp_path)
    target = tmp_path / "page.html"
    arguments = ("report", str(run.path), "--no-evaluate", "--output", str(target))
    assert nnrun(*arguments) == nnrun(*arguments) == 0
    assert GENERATOR in target.read_text(encoding="utf-8")[:1000]
    target.write_text("name: something that took an evening\n")
    assert nnrun(*arguments) == 2
    assert target.read_text() == "name: something that took an evening\n"
    assert "is there already and no report of nnrun" in capsys.readouterr().err
    assert nnrun(*arguments[:-1], str(tmp_path)) == 2
    assert "is a folder" in capsys.readouterr().err
    assert nnrun(*arguments[:-1], str(tmp_path / "none" / "page.html")) == 7
    assert not list(tmp_path.rglob(".tmp-*"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("report",), 2, "Missing argument"),
        (("report", "nothing"), 4, "no run 'nothing'"),
        (("report", "made", "nothing"), 4, "no run 'nothing'"),
        (("report", "made", "--split", "validation"), 4, "has no validation split"),
        (("report", "made", "--split", "tset"), 2, "tset"),
        (("report", "made", "--device", "tpu"), 2, "expected auto, cpu, gpu or gpu:N"),
        (("report", "made", "--weights", "first"), 2, "first"),
        (("report", "best:mae_of_nothing"), 4, "no run"),
        (("report", ""), 4, "no run"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, arguments: Sequence[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors name what was wrong, and leave no page."""
    run = make(tmp_path)
    assert nnrun(*arguments, "--runs-dir", str(tmp_path / "runs")) == code
    assert message in capsys.readouterr().err
    assert not (run.path / "report.html").exists()


def test_only_an_evaluation_needs_tensorflow(tmp_path: Path) -> None:
    """A run that was evaluated has a page with mistakes and samples, and no framework was loaded for it."""
    run = make(tmp_path)
    code = (
        "import sys\nfrom nnrun.cli.main import run\n"
        f"assert run(['report', {str(run.path)!r}]) == 0\n"
        "print({'tensorflow', 'keras', 'matplotlib', 'sklearn'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "set()"
    assert "row " in (run.path / "report.html").read_text(encoding="utf-8")


def test_large_runs_have_pages_of_bounded_size(tmp_path: Path) -> None:
    """A thousand epochs and two hundred classes with long names."""
    names = [f"class {number} {'x' * 100}" for number in range(200)]
    run = make(
        tmp_path, Made(names=names, each=6, epochs=1000, messages=[f"{n} {'y' * 5000}" for n in range(400)])
    )
    page = report(run)
    assert len(page.text) < 3_000_000
    assert len(page.chart("loss")["curves"][0]["x"]) == 1000
    [heat] = [one for one in page.data if "support" in one]
    assert len(heat["names"]) == 150
    record = json.loads((run.path / "evaluation" / "test-best.json").read_text())
    numbers = [int(name.split()[1]) for name in heat["names"]]
    order = {name["name"]: place for place, name in enumerate(record["classes"])}
    places = [order[name] for name in heat["names"]]
    matrix = np.array(record["confusion_matrix"])
    for row, column, count in heat["cells"]:
        assert matrix[places[row], places[column]] == count
    assert len(set(numbers)) == 150
    # What is hidden at first is there.
    assert "the last 200" in page.visible


def test_many_columns(tmp_path: Path) -> None:
    """The pairs are those of the columns that tell most, and tables show the first ones."""
    random = np.random.default_rng(0)
    lines = [",".join([*(f"c{n}" for n in range(30)), "y"])]
    lines += [",".join([*map(str, random.normal(n % 2, 1, 30).round(2)), "ab"[n % 2]]) for n in range(40)]
    run = make(tmp_path, Made(names=("a", "b")))
    (tmp_path / "wide.csv").write_text("\n".join(lines) + "\n")
    from nnrun.config.load import load_experiment
    from nnrun.data.labelled import load_labelled

    resolved = run.resolved_path.read_text().replace("made.csv", "wide.csv")
    run.resolved_path.write_text(resolved)
    loaded = load_experiment(run.resolved_path)
    splits = load_labelled(loaded.experiment.dataset, loaded.experiment.compile.loss, 0).splits
    (run.path / "model" / "preprocessing.json").write_text(json.dumps(splits.preprocessing.to_json()))
    page = report(run)
    [pairs] = [one for one in page.data if "members" in one]
    assert len(pairs["columns"]) == len(pairs["values"]) == COLUMNS
    assert f"Of 30 columns, the {COLUMNS} that tell most about the target." in page.visible
    assert "The first 10 of 30 columns are shown." in page.visible


def test_a_history_of_resumes(tmp_path: Path) -> None:
    """Every continuation, with what was different then."""
    run = make(tmp_path)
    resumed = {"started": "2026-01-02T03:04:05Z", "command": ["nnrun", "resume", "x"], "after_epoch": 3}
    resumed |= {"versions": {**run.record["versions"], "keras": "3.99"}}
    (run.path / "run.json").write_text(json.dumps({**run.record, "resumed": [resumed]}))
    page = report(run, "--no-evaluate")
    assert "continued after epoch 3, now with keras 3.99" in page.visible
    assert "2026-01-02 03:04:05 UTC" in page.visible


def test_the_config_says_where_its_values_are_from(tmp_path: Path) -> None:
    """Lines of the file, and defaults."""
    page = report(make(tmp_path), "--no-evaluate")
    config = page.text[page.text.index('<section id="config"') :].partition("</section>")[0]
    assert re.search(r"<pre>seed: 0</pre></td><td class=\"remark\">line 2<", config)
    assert re.search(r'class="faint"><td><pre>[^<]*</pre></td><td class="remark">default<', config)


def test_the_table_of_layers() -> None:
    """Names that take several lines are put together; another text gives no rows."""
    found = parse(MODEL)
    assert [tuple(layer) for layer in found.layers] == [
        ("flatten", "Flatten", "(None, 2)", "0"),
        ("a_name_that_takes", "Dense", "(None, 4)", "12,345"),
    ]
    assert found.totals[0] == ("Total parameters", "12,345 (48.22 KB)")
    assert parse("no table").layers == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5000"), (0, "0"), (1e-5, "1.000e-05"), (-0.25, "-0.2500"), (123.456, "123.46"),
        (39749.31, "39,749.3"), (1e12, "1.000e+12"), (float("nan"), "not finite"), (float("-inf"), "-∞"),
    ],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    """Four decimals, fewer for large numbers, powers of ten for extreme ones."""
    assert figure(value) == text


def test_texts_without_what_no_page_can_show() -> None:
    """Control characters, halves of characters and marks that turn the direction; joiners of letters stay."""
    assert clean("a\x00b\x1b[31m\ud800\u202ec") == "a\ufffdb\ufffd[31m\ufffd\ufffdc"
    assert clean("\u0645\u06cc\u200c\u062e\n\tx") == "\u0645\u06cc\u200c\u062e\n\tx"


def test_thinned_curves_keep_what_matters() -> None:
    """Extremes, gaps, both ends and the best epoch are still there."""
    x = np.arange(50_000, dtype=float)
    y = np.sin(x / 1000)
    y[12_345], y[23_456], y[34_567] = 9, -9, np.nan
    found = thinned(Curve("", x, y), keep=[777])
    assert len(found.x) < 3000
    assert {0, 12_345, 23_456, 34_567, 777, 49_999} <= set(found.x.tolist())
    np.testing.assert_array_equal(found.y, y[found.x.astype(int)])
    assert thinned(Curve("", x[:100], y[:100])).x.tolist() == list(range(100))


@pytest.mark.parametrize(
    "shape", [(5, 28, 28, 1), (5, 300, 200, 3), (5, 1, 400, 1), (5, 8, 8, 4), (2, 1, 1, 1)]
)
def test_thumbnails(shape: tuple[int, ...]) -> None:
    """Images of any form become small PNG files with their proportions."""
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = thumbnails(images, 200_000)
    assert len(found.sources) == len(images)
    assert sum(map(len, found.sources)) < 200_000
    with Image.open(io.BytesIO(base64.b64decode(found.sources[0].partition(",")[2]))) as image:
        assert max(image.size) <= 160
        assert image.width / image.height == pytest.approx(shape[2] / shape[1], rel=0.4) or 1 in image.size
    assert found.sharp == (max(shape[1:3]) <= 48)


def test_what_happened(tmp_path: Path) -> None:
    """Equal messages count once, a torn line is left alone, a damaged one is counted."""
    lines = [
        {"event": "training_started", "samples": {"train": 3, "test": "x"}, "monitor": "loss"},
        {"event": "message", "level": "warning", "text": "a", "time": 5},
        {"event": "message", "level": "warning", "text": "a", "time": 6},
        {"event": "epoch_ended", "epoch": 1, "best": True},
        {"event": "epoch_ended", "epoch": 2, "best": False},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "events.jsonl").write_text(
        text + '{"event": "message", broken\n{"event": "epoch_ended", "epoch"'
    )
    past = past_of(tmp_path)
    assert past.samples == {"train": 3}
    assert [(said.text, said.count, said.time) for said in past.messages] == [("a", 2, 5.0)]
    assert past.best_epoch == 1
    assert past.damaged == 1
    assert past_of(tmp_path / "none").messages == []


def test_wish_is_what_evaluate_does() -> None:
    """Without options, the best weights on the split that says most."""
    assert Wish() == Wish(None, "best", "auto", compute=True)
