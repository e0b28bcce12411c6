"""`python -m tests.fuzz.guided TARGET -max_total_time=600`: the same checks, searched by coverage.

Needs atheris, which is no part of requirements-dev.txt: it has wheels for Linux alone, and for Python 3.11 only up to
3.0.0. What follows TARGET goes to libFuzzer.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Search until libFuzzer ends the process."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["reka_provider"]):
        checks = importlib.import_module("tests.fuzz.targets").checks()
    if len(sys.argv) < 2 or sys.argv[1] not in checks:
        sys.exit(f"Say what to search: python -m tests.fuzz.guided TARGET, one of {', '.join(checks)}.")
    check, corpus = checks[sys.argv.pop(1)]
    folder = Path(tempfile.mkdtemp(prefix="fuzz-corpus-"))
    for number, data in enumerate(corpus):
        (folder / str(number)).write_bytes(data)
    atheris.Setup([*sys.argv, str(folder)], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
