"""How many files and connections the process may hold open."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger(__name__)


def allow_all_open_files() -> None:
    """Raise the soft limit of open files to the hard one: each answer under way holds a connection, and each
    download another, while many systems begin at 1,024 or at 256.
    """
    if sys.platform == "win32":
        return  # it has no such limit
    import resource  # Windows has no such module

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:  # macOS says "unlimited" and means less
        log.info("the limit of open files stays", extra={"limit": soft, "why": str(error)})
