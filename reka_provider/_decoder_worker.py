"""The process in which pictures of strangers are decoded: it may crash, and it may be killed.

Started by _decoder.py as a file of its own, so that nothing of the package is loaded but what reads pictures. It
reads requests from its standard input until that ends, and writes answers to its standard output:

    request   max_side_px, size         (two unsigned 32-bit numbers, big-endian)   and `size` bytes of a picture
    answer    kind, width_px, height_px, size        (a byte and three such numbers)   and `size` bytes: a picture,
              or where kind is 0 the sentence that says what is wrong with it
"""

from __future__ import annotations

import signal
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

REQUEST = struct.Struct("!II")
ANSWER = struct.Struct("!BIII")
MEDIA_TYPES = ("", "image/png", "image/jpeg", "image/webp")
_SPARE_CPU_S = 1


def serve(requests: BinaryIO, answers: BinaryIO, *, memory_bytes: int, cpu_s: int) -> None:
    """Answer requests until they end. A picture that takes too much memory is refused, too much time kills."""
    from reka_provider import _images
    from reka_provider._errors import RekaRequestError

    _images.load_decoders()
    _give_up_rights(memory_bytes)
    while head := requests.read(REQUEST.size):
        max_side_px, size = REQUEST.unpack(head)
        _allow_cpu(cpu_s)
        try:
            image = _images.prepare_image(requests.read(size), max_side_px=max_side_px)
        except RekaRequestError as error:
            sentence = str(error).encode()
            answers.write(ANSWER.pack(0, 0, 0, len(sentence)) + sentence)
        else:
            kind = MEDIA_TYPES.index(image.media_type)
            answers.write(ANSWER.pack(kind, image.width_px, image.height_px, len(image.data)))
            answers.write(image.data)
            del image
        answers.flush()


def _give_up_rights(memory_bytes: int) -> None:
    """From here on: no more memory than this, and no new file, socket or process, whatever a picture exploits."""
    if sys.platform == "win32":  # it has no such limits; the time limit of whoever started us still holds
        return
    import resource

    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 3,
        resource.RLIMIT_NPROC: 0,
        # macOS does not keep to it.
        (resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS): memory_bytes,
    }
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (allowed, allowed))
        except (ValueError, OSError) as error:
            # A system that will not take one of them still gets the others.
            print(f"no limit {kind}: {error}", file=sys.stderr)  # noqa: T201 - its log


def _allow_cpu(seconds: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    until_s = int(used.ru_utime + used.ru_stime) + seconds + _SPARE_CPU_S
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until_s, hard))


def _main() -> None:
    memory_bytes, cpu_s = int(sys.argv[1]), int(sys.argv[2])
    # Ctrl+C and a supervisor's SIGTERM reach the whole group; we end when whoever started us does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The package without its __init__, which would load the HTTP client.
    package = ModuleType("reka_provider")
    package.__path__ = [str(Path(__file__).parent)]
    sys.modules["reka_provider"] = package
    serve(sys.stdin.buffer, sys.stdout.buffer, memory_bytes=memory_bytes, cpu_s=cpu_s)


if __name__ == "__main__":
    _main()
