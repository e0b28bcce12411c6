"""`python -m deploy.lint` is green for what we ship, and red for what is wrong or was not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.lint import LINTERS, main

TOOLS = ("hadolint", "check-jsonschema", "kubernetes-validate", "systemd-analyze")


@pytest.fixture
def tools(tmp_path: Path) -> str:
    """A PATH with every tool on it; none of them is run."""
    for name in TOOLS:
        (tmp_path / name).touch(mode=0o755)
    return str(tmp_path)


def all_is_well(command: Sequence[str | Path], *, few_words: bool = False) -> bool:
    return True


@pytest.mark.parametrize("wrong", TOOLS)
def test_a_complaint_of_any_tool_is_a_failure(
    tools: str, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last one must not hide the first."""

    def one_complains(command: Sequence[str | Path], *, few_words: bool = False) -> bool:
        return Path(command[0]).name != wrong

    assert main(one_complains, in_ci=False, path=tools) == 1
    said = capsys.readouterr().out.splitlines()
    assert sorted(line.split(":")[0] for line in said) == ["ok"] * (len(LINTERS) - 1) + ["wrong"]


def test_all_well_is_green(tools: str) -> None:
    """Else nobody would look at red."""
    assert main(all_is_well, in_ci=True, path=tools) == 0


@pytest.mark.parametrize(("in_ci", "status"), [(True, 1), (False, 0)])
def test_a_missing_tool_is_a_failure_in_ci_alone(
    in_ci: bool, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who works on a Mac has no systemd; a CI without it would check nothing and say nothing."""
    assert main(all_is_well, in_ci=in_ci, path="") == status
    assert capsys.readouterr().out.count("left out: ") == len(LINTERS)
