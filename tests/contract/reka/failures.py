"""How the cases look at an error."""

from __future__ import annotations

from typing import Any

import pytest

from reka_provider import RekaError
from tests.contract.reka.faces import Face


async def failure_of(face: Face, **options: Any) -> RekaError:
    """The error that a question ends with."""
    with pytest.raises(RekaError) as caught:
        await face.pieces(**options)
    return caught.value


def everything_in(error: BaseException | None) -> str:
    """All that an error and those behind it would show to whoever logs them."""
    said: list[str] = []
    while error is not None:
        said += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(said)
