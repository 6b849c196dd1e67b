"""Proofs as JUnit XML, which every CI server reads: a suite per config, and a test case per step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from nnrun.config.urls import masked
from nnrun.smoke.results import ConfigResult, StepResult

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may have, not even escaped."""


def as_junit(results: Sequence[ConfigResult]) -> str:
    """Returns an XML document."""
    root = Xml.Element(
        "testsuites",
        {"name": "nnrun smoke", **_counts([step for result in results for step in result.steps])},
    )
    root.set("time", f"{sum(result.seconds for result in results):.3f}")
    for result in results:
        name = _text(result.config)
        suite = Xml.SubElement(root, "testsuite", {"name": name, **_counts(result.steps)})
        suite.set("time", f"{result.seconds:.3f}")
        for step in result.steps:
            case = Xml.SubElement(suite, "testcase", classname=name, name=step.name, file=name)
            case.set("time", f"{step.seconds:.3f}")
            if step.status == "skipped":
                Xml.SubElement(case, "skipped", message=_text(step.detail))
            elif step.status == "failed":
                first = step.received.partition("\n")[0]
                failure = Xml.SubElement(case, "failure", message=_text(first), type=step.name)
                lines = [f"expected: {step.expected}", f"received: {step.received}"]
                failure.text = _text("\n".join([*lines, step.advice] if step.advice else lines))
            elif step.detail:
                Xml.SubElement(case, "system-out").text = _text(step.detail)
    Xml.indent(root)
    text = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _counts(steps: Sequence[StepResult]) -> dict[str, str]:
    return {
        "tests": str(len(steps)),
        "failures": str(sum(step.status == "failed" for step in steps)),
        "errors": "0",
        "skipped": str(sum(step.status == "skipped" for step in steps)),
    }


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", masked(text))
