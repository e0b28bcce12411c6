"""Ask pip-audit whether a pinned package has a known weakness; say plainly where its service did not answer.

Without the service pip-audit may pass having looked at nothing, which must not be taken for a clean bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
AUDITED = ("requirements.txt", "requirements-dev.txt")
LONGEST_S = 300


def main() -> int:
    """1 where a package has a known weakness, else 0."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
        wanted = ("--require-hashes", "-r", str(ROOT / "requirements-audit.txt"))
        install = (str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *wanted)
        subprocess.run(install, check=True)  # noqa: S603 - our own command line
        return max(audit(python, ROOT / name) for name in AUDITED)


def audit(python: Path, requirements: Path, *, longest_s: float = LONGEST_S) -> int:
    """1 where a package in `requirements` has a known weakness; prints what came of it."""
    options = (
        "--strict",
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    )
    command = (str(python), "-m", "pip_audit", *options, "-r", str(requirements))
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=longest_s)  # noqa: PLW1510, S603 - our own command line; its status says too little
        packages = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _skipped(requirements, "it took too long")
    except (ValueError, KeyError):
        return _skipped(requirements, (done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    weak = {one["name"]: one["vulns"] for one in packages if one.get("vulns")}
    for name, found in weak.items():
        print(f"{requirements.name}: {name}: {', '.join(one['id'] for one in found)}")  # noqa: T201 - for the log of the build
    if not weak and not any("vulns" in one for one in packages):
        return _skipped(requirements, "it knew none of the packages")
    print(f"{requirements.name}: {len(packages)} packages audited, {len(weak)} with a known weakness")  # noqa: T201 - the same
    return 1 if weak else 0


def _skipped(requirements: Path, why: str) -> int:
    print(f"{requirements.name}: SKIPPED, pip-audit audited nothing: {why[:300]}")  # noqa: T201 - the same
    return 0


if __name__ == "__main__":
    sys.exit(main())
