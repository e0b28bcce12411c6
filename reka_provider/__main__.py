"""`python -m reka_provider`: the same as the command `reka`."""

from __future__ import annotations

from reka_provider._command_line import run

if __name__ == "__main__":
    run()
