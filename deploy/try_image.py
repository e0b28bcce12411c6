"""Make and run the image where there is no Docker: `python -m deploy.try_image --env-file .env`, as root on Linux.

Each step of the Dockerfile is done in a bare root: this machine's own /usr and Python, read-only, stand in for the
base image. Then the image's command runs as a container would run it: as the image's user, with a
read-only tree, nothing but its volumes and /tmp to write to, and no privilege. Once its health check agrees, it runs
until standard input ends, is told to stop, and has to exit with 0.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from deploy.dockerfile_steps import Stage, Step, UnknownStepError, left_in, read_stages

HOUSE = Path(__file__).parent.parent
DOCKERFILE = Path(__file__).parent / "Dockerfile"
BASE_PATH = "/python:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
HEALTHY_WITHIN_S = 60.0
STOPS_WITHIN_S = 60.0
INSIDE = "--inside"
NEEDED = ("unshare", "mount", "chroot", "setpriv")
# What leads pip to its packages is the machine's, as with `docker build --build-arg`.
BUILD_ENV = (
    "PIP_",
    "SSL_CERT_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


class TrialError(Exception):
    """The image is not right; the message is a sentence."""


def main(arguments: Sequence[str]) -> int:
    """Try the image; 0 where all is right, 1 where it is not, 2 where this machine cannot try."""
    parser = argparse.ArgumentParser(description="Make and run the image where there is no Docker.")
    parser.add_argument("--env-file", type=Path, help="the settings of the bot, as NAME=value lines")
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or missing:
        lacks = f", and lacks {', '.join(missing)}" if missing else ""
        print(f"this needs root on Linux{lacks}", file=sys.stderr)
        return 2
    if not given.inside:
        # A mount namespace of our own: what is mounted below ends with it, however it ends. A pid namespace: so
        # does what was started.
        own = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        os.execvp(own[0], [*own, sys.executable, "-m", "deploy.try_image", INSIDE, *arguments])  # noqa: S606 - no shell is the point
    try:
        with tempfile.TemporaryDirectory(prefix="image-") as folder:
            try_image(Path(folder), _settings(given.env_file))
    except (TrialError, UnknownStepError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _settings(env_file: Path | None) -> dict[str, str]:
    """As `docker run --env-file` reads them: no quotes, no escapes."""
    if env_file is None:
        return {}
    lines = env_file.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def try_image(folder: Path, settings: Mapping[str, str]) -> None:
    """Make the image in `folder`, and run it. Raises TrialError."""
    stages = read_stages(DOCKERFILE.read_text(encoding="utf-8"), path=BASE_PATH)
    roots: dict[str, Path] = {}
    try:
        for number, stage in enumerate(stages):
            root = roots[stage.name or str(number)] = folder / f"stage-{number}"
            _bare_root(root)
            for step in stage.steps:
                _do(step, root, roots)
        _run(stages[-1], root, folder, settings)
    finally:
        for root in roots.values():
            _command("umount", "--recursive", "--lazy", root)


def _bare_root(root: Path) -> None:
    root.mkdir()
    _command("mount", "--bind", root, root)
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if Path("/", name).is_symlink():
            (root / name).symlink_to(Path("/", name).readlink())
        elif Path("/", name).is_dir():
            _bind(Path("/", name), root / name)
    for name in ("usr", "etc"):
        _bind(Path("/", name), root / name)
    if not Path(sys.base_prefix).is_relative_to("/usr"):
        _bind(Path(sys.base_prefix), root / Path(sys.base_prefix).relative_to("/"))
    # The base image calls it `python`, and Debian does not.
    (root / "python").mkdir()
    (root / "python" / "python").symlink_to(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    for device in ("null", "zero", "random", "urandom"):
        (root / "dev").mkdir(exist_ok=True)
        (root / "dev" / device).touch()
        _command("mount", "--bind", f"/dev/{device}", root / "dev" / device)
    (root / "proc").mkdir()
    _command("mount", "-t", "proc", "proc", root / "proc")
    (root / "tmp").mkdir()
    _command("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "tmp")


def _bind(source: Path, target: Path) -> None:
    """Show a folder of this machine, to be read alone."""
    target.mkdir(parents=True, exist_ok=True)
    _command("mount", "--bind", source, target)
    _command("mount", "-o", "remount,bind,ro", target)


def _do(step: Step, root: Path, roots: Mapping[str, Path]) -> None:
    print(f"{step.word} {step.text}", flush=True)
    if step.word == "WORKDIR":
        _within(root, PurePosixPath(step.folder) / step.text).mkdir(parents=True, exist_ok=True)
    elif step.word == "COPY":
        _copy(step, root, roots)
    else:
        inherited = {name: value for name, value in os.environ.items() if name.startswith(BUILD_ENV)}
        script = f"cd {shlex.quote(step.folder)} && {step.text}"
        _command("chroot", root, "/bin/sh", "-ec", script, env={**inherited, **step.env})


def _copy(step: Step, root: Path, roots: Mapping[str, Path]) -> None:
    *sources, target = step.text.split()
    place = _within(root, PurePosixPath(step.folder) / target)
    if sources[0].startswith("--from="):
        made = roots[sources[0].removeprefix("--from=")]
        for source in sources[1:]:
            shutil.copytree(_within(made, PurePosixPath(source)), place, symlinks=True)
        return
    for source in sources:
        context = left_in(_files_of(HOUSE / source), _ignored())
        if not context:
            raise TrialError(f"COPY {source}: nothing of it is left by {DOCKERFILE.name}.dockerignore")
        for path in context:
            whole = (HOUSE / source).is_dir()
            to = (
                place / path.relative_to(source)
                if whole
                else place / path.name
                if target.endswith("/")
                else place
            )
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HOUSE / path, to)


def _files_of(source: Path) -> list[PurePosixPath]:
    found = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    return [PurePosixPath(path.relative_to(HOUSE).as_posix()) for path in found]


def _ignored() -> str:
    return DOCKERFILE.with_name(f"{DOCKERFILE.name}.dockerignore").read_text(encoding="utf-8")


def _run(stage: Stage, root: Path, folder: Path, settings: Mapping[str, str]) -> None:
    env = {**stage.env, **settings}
    for number, volume in enumerate(stage.volumes):
        _mount_volume(_within(root, PurePosixPath(volume)), folder / f"volume-{number}")
    _command("mount", "-o", "remount,bind,ro", root)
    user, _, group = stage.user.partition(":")
    unprivileged = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
    unprivileged += ["--inh-caps=-all", "--bounding-set=-all"]

    def inside(command: Sequence[str]) -> list[str]:
        script = f"cd {shlex.quote(stage.folder)} && exec {shlex.join([*unprivileged, *command])}"
        return ["chroot", str(root), "/bin/sh", "-c", script]

    print(f"CMD {shlex.join(stage.command)}, as {stage.user}", flush=True)
    bot = subprocess.Popen(  # noqa: S603 - the command of our own Dockerfile
        inside(stage.command), env=env, stdin=subprocess.DEVNULL
    )
    try:
        _until_healthy(bot, inside(stage.healthcheck), env)
        print("healthy", flush=True)
        sys.stdin.read()
        bot.terminate()
        status = bot.wait(timeout=STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        raise TrialError(f"it did not stop within {STOPS_WITHIN_S:.0f} s of SIGTERM") from None
    finally:
        bot.kill()
    if status:
        raise TrialError(f"it was told to stop, and ended with status {status}")
    print("stopped", flush=True)


def _mount_volume(there: Path, here: Path) -> None:
    """An empty volume, owned as the image's folder is."""
    here.mkdir()
    told = there.stat()
    os.chown(here, told.st_uid, told.st_gid)
    here.chmod(told.st_mode)
    _command("mount", "--bind", here, there)


def _until_healthy(bot: subprocess.Popen[bytes], check: Sequence[str], env: Mapping[str, str]) -> None:
    deadline_s = time.monotonic() + HEALTHY_WITHIN_S
    while time.monotonic() < deadline_s:
        if bot.poll() is not None:
            raise TrialError(f"it ended with status {bot.returncode} before it was healthy")
        told = subprocess.run(check, check=False, env=env, capture_output=True, text=True)  # noqa: S603 - as above
        if told.returncode == 0:
            return
        time.sleep(0.5)
    raise TrialError(f"not healthy within {HEALTHY_WITHIN_S:.0f} s: {told.stdout.strip()}")


def _within(root: Path, path: PurePosixPath) -> Path:
    return root / path.relative_to("/")


def _command(*command: str | Path, env: Mapping[str, str] | None = None) -> None:
    ended = subprocess.run(  # noqa: S603 - our own words, no shell of this machine
        command, check=False, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if ended.returncode:
        raise TrialError(f"{shlex.join(map(str, command))} ended with {ended.returncode}:\n{ended.stdout}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
