"""Whether the bot of this container lives: exit 0 if /healthz says so. Needs HEALTH_PORT, and nothing but Python."""

from __future__ import annotations

import http.client
import os
import sys

ANSWERS_IN_S = 4.0


def main() -> int:
    """Ask the bot on this machine; an http proxy of the environment is no way to it."""
    port = os.environ.get("HEALTH_PORT", "")
    if not port.isdecimal():
        print("HEALTH_PORT is not set, so the bot serves no /healthz; set it, or switch the check off.")
        return 1
    host = os.environ.get("HEALTH_HOST", "")
    connection = http.client.HTTPConnection(
        "127.0.0.1" if host in _EVERYWHERE else host, int(port), timeout=ANSWERS_IN_S
    )
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"/healthz does not answer ({type(error).__name__}).")
        return 1
    finally:
        connection.close()
    print(f"/healthz answers {status}.")
    return 0 if status == http.HTTPStatus.OK else 1


_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - names what a server may have been told; listens nowhere


if __name__ == "__main__":
    sys.exit(main())
