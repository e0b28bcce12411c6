"""What the build says of the audit of our dependencies, with a program in pip-audit's place."""

from __future__ import annotations

import importlib.util
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Audit = Callable[..., int]

REQUIREMENTS = Path("requirements.txt")
UNREACHABLE = """\
WARNING:pip_audit._service:cannot look anything up
ERROR:pip_audit._cli:Connection to pypi.org could not be made: Name or service not known
"""


@pytest.fixture(scope="module")
def ci() -> ModuleType:
    """.ci/audit.py, which is a program and in no package."""
    file = Path(__file__).parents[3] / ".ci" / "audit.py"
    spec = importlib.util.spec_from_file_location("ci_audit", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def auditor(
    folder: Path, *, says: str = "", complains: str = "", status: int = 0, after_s: float = 0
) -> Path:
    """A program that answers so, however it is asked."""
    program = folder / "python"
    lines = [
        "#!/bin/sh",
        f"printf %s {shlex.quote(says)}",
        f"printf %s {shlex.quote(complains)} >&2",
        f"exit {status}",
    ]
    program.write_text("\n".join(lines), encoding="utf-8")
    program.chmod(0o755)
    return program


def report(*packages: dict[str, object]) -> str:
    """What pip-audit writes with --format json."""
    return json.dumps({"dependencies": list(packages), "fixes": []})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"complains": UNREACHABLE, "status": 1}, "Connection to pypi.org could not be made"),
        ({"status": 1}, "it said nothing"),
        ({"says": "<html>captive portal</html>", "complains": "ERROR: odd"}, "ERROR: odd"),
        ({"says": report({"name": "aiohttp", "skip_reason": "not found"})}, "it knew none of the packages"),
        ({"says": report()}, "it knew none of the packages"),
    ],
)
def test_an_audit_that_saw_nothing_is_called_skipped(
    answer: dict[str, object], why: str, ci: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The build goes on, since no service has to answer, but nobody may take it for a clean bill."""
    audit: Audit = ci.audit

    assert audit(auditor(tmp_path, **answer), REQUIREMENTS) == 0  # type: ignore[arg-type] # a table of keywords

    said = capsys.readouterr().out
    assert said.startswith("requirements.txt: SKIPPED, pip-audit audited nothing: ")
    assert why in said
    assert said.count("\n") == 1
    assert "audited, " not in said


def test_an_audit_that_takes_too_long_is_called_skipped(
    ci: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service that takes the connection and says nothing must not hold the build."""
    silent = auditor(tmp_path)
    silent.write_text("#!/bin/sh\nexec sleep 30\n", encoding="utf-8")

    assert ci.audit(silent, REQUIREMENTS, longest_s=0.2) == 0

    said = capsys.readouterr().out
    assert said == "requirements.txt: SKIPPED, pip-audit audited nothing: it took too long\n"


def test_a_known_weakness_fails_the_build(
    ci: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And its name stands in the log, where somebody will look."""
    says = report(
        {"name": "aiohttp", "version": "1", "vulns": [{"id": "GHSA-1"}, {"id": "PYSEC-2"}]},
        {"name": "yarl", "version": "1", "vulns": []},
    )

    assert ci.audit(auditor(tmp_path, says=says, status=1), REQUIREMENTS) == 1

    said = capsys.readouterr().out
    assert "requirements.txt: aiohttp: GHSA-1, PYSEC-2\n" in said
    assert "2 packages audited, 1 with a known weakness" in said


def test_a_clean_audit_says_how_many_it_saw(
    ci: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number of none would be no audit."""
    says = report({"name": "yarl", "version": "1", "vulns": []})

    assert ci.audit(auditor(tmp_path, says=says), REQUIREMENTS) == 0

    assert capsys.readouterr().out == "requirements.txt: 1 packages audited, 0 with a known weakness\n"
