"""A PostgreSQL server of the tests' own, in a folder that goes with it; as Debian's package installs the programs."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import TypedDict

import pytest

USER = "reka"
PASSWORD = "open sesame/@:%"  # what a URL must quote
_MAINTENANCE = "postgres"
_WAIT_S = 30
# No power cut happens here: without fsync a test waits for no disk, and a killed server still loses nothing.
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
max_connections = 60
shared_buffers = 16MB
max_wal_size = 64MB
autovacuum = off
log_min_messages = panic
"""


class _Account(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class PostgresCluster:
    """One server; its processes belong to a person without rights, since PostgreSQL refuses to run as root."""

    def __init__(self, programs: Path) -> None:
        """Make a new cluster in a new folder, and start it."""
        self._programs = programs
        self._numbers = count()
        self._folder = Path(tempfile.mkdtemp(prefix="reka-postgres-"))
        self._data = self._folder / "data"
        self._account = _account() if os.geteuid() == 0 else None
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        if self._account is not None:
            for path in (self._folder, password):
                os.chown(path, self._account.pw_uid, self._account.pw_gid)
        self._run(
            "initdb", "--no-sync", "--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}",
            "--encoding=UTF8", "--locale=C", "--pgdata", str(self._data),
        )  # fmt: skip
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(_SETTINGS)
        self.port = _free_port()
        self._remove_after_us()
        self.start()

    def start(self) -> None:
        """Start the server, and return once it takes connections."""
        log = self._folder / "log"
        self._run(
            "pg_ctl", "start", "--wait", f"--timeout={_WAIT_S}", "--silent", "--pgdata", str(self._data),
            "--log", str(log), "--options", f"-p {self.port}",
        )  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        """End the server with all its connections; `immediate` is as if its machine had died."""
        self._run(
            "pg_ctl", "stop", "--wait", f"--timeout={_WAIT_S}", "--silent", f"--mode={mode}",
            "--pgdata", str(self._data),
        )  # fmt: skip

    def restart(self) -> None:
        """Let it die, and start it again."""
        self.stop()
        self.start()

    def freeze(self, *, frozen: bool) -> None:
        """Make all its processes stand still, as a machine that swaps or a network that swallows; or go on."""
        server = int((self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        processes = [server, *_children(server)]
        for process in processes:
            os.kill(process, signal.SIGSTOP if frozen else signal.SIGCONT)

    def new_database(self, template: str = "template1") -> str:
        """Make an empty database, or a copy of `template`; its name."""
        name = f"reka_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def sql(self, *statements: str, database: str = _MAINTENANCE) -> str:
        """Run statements, each in a transaction of its own; what the last one printed."""
        commands = [part for statement in statements for part in ("--command", statement)]
        return self._run(
            "psql",
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--quiet",
            *self._address(database),
            *commands,
        )

    def url(self, database: str, *, user: str = USER, password: str = PASSWORD) -> str:
        """The address of a database as DATABASE_URL names it."""
        quoted = "".join(f"%{byte:02x}" for byte in password.encode())
        return f"postgresql+asyncpg://{user}:{quoted}@127.0.0.1:{self.port}/{database}"

    def _remove_after_us(self) -> None:
        """Let a shell wait for the end of this process, however it ends, and then clear up."""
        # Nobody else has the other end of its pipe, which the end of this process closes.
        self._heir = subprocess.Popen(
            ["sh", "-c", 'read _; "$0" stop --silent --mode=immediate --pgdata "$1/data"; rm -rf "$1"',
             self._programs / "pg_ctl", self._folder],
            cwd="/",
            env={"PATH": os.defpath},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as_account(),
        )  # fmt: skip

    def _as_account(self) -> _Account:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}

    def _address(self, database: str) -> Sequence[str]:
        return ("--host=127.0.0.1", f"--port={self.port}", f"--username={USER}", f"--dbname={database}")

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._programs / program, *arguments],
            check=False,
            cwd=self._folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": PASSWORD},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * _WAIT_S,
            **self._as_account(),
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")
        return done.stdout.strip()


@cache
def shared_cluster() -> PostgresCluster:
    """The cluster of this process, started with its first use and gone with its end; skips where there is none.

    On CI a machine without PostgreSQL fails instead: nobody would notice that half the suite did not run.
    """
    programs = _programs()
    if programs is None:
        missing = "no initdb here: install PostgreSQL (Debian, Ubuntu: apt install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return PostgresCluster(programs)


def _programs() -> Path | None:
    """The folder of initdb: Debian keeps it off PATH, one folder for each version."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest is not None else None


def _account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no account without rights on this machine")


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    return [int(child) for child in listed.split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
