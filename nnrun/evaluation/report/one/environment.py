"""Where it ran: versions, machine, code."""

from __future__ import annotations

from nnrun.evaluation.report.blocks import Cell, Fact, Facts, Section
from nnrun.evaluation.report.material import Material
from nnrun.evaluation.report.texts import NONE, mapping

_TITLES = {"python": "Python", "numpy": "NumPy", "tensorflow": "TensorFlow", "keras": "Keras"}


def section(material: Material) -> Section:
    """Returns what a run depended on besides its config and data."""
    record = material.run.record
    host, git, versions = (mapping(record.get(key)) for key in ("host", "git", "versions"))
    facts = [Fact(_TITLES.get(name, name), Cell(str(version or NONE))) for name, version in versions.items()]
    if host:
        cpus = f"{host.get('usable_cpus', NONE)} of {host.get('cpus', NONE)}"
        facts += [
            Fact(
                "Machine",
                Cell(", ".join(str(host[key]) for key in ("name", "system", "machine") if host.get(key))),
            ),
            Fact("Processors", Cell(cpus)),
        ]
    facts.append(Fact("Device", Cell(str(record.get("device") or NONE))))
    xla = mapping(record.get("xla"))
    if xla:
        facts.append(
            Fact("XLA", Cell(f"{'used' if xla.get('used') else 'not used'}: {xla.get('reason', '')}"))
        )
    commit = git.get("commit")
    if commit:
        state = ", with changes that are not committed" if git.get("dirty") else ""
        facts.append(Fact("Git commit", Cell(f"{commit}{state}", mark="code")))
    facts += [
        Fact(str(name), Cell(str(value), mark="code"))
        for name, value in mapping(host.get("environment")).items()
    ]
    return Section("environment", "Environment", [Facts(facts)])
