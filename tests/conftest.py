"""What holds for every test: none may let a secret out."""

from __future__ import annotations

pytest_plugins = ["tests.secret_leaks"]
