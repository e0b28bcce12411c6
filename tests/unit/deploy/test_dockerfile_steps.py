"""Reading a Dockerfile as the builder would."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from deploy.dockerfile_steps import Step, UnknownStepError, left_in, read_stages

TWO_STAGES = r"""
# a comment
FROM base:1 AS made
WORKDIR /build
COPY a b ./
RUN one \
    # between
    && two

FROM base:1
ENV PATH=/opt/bin:$PATH \
    WORDS="two words"
COPY --from=made /build /app
WORKDIR /app
WORKDIR inner
USER 10001:10001
VOLUME ["/data"]
HEALTHCHECK --interval=15s CMD ["python", "check.py"]
CMD ["python", "bot.py"]
"""


def test_each_step_knows_what_was_set_before_it() -> None:
    """A COPY to ./ means another place after each WORKDIR."""
    made, image = read_stages(TWO_STAGES, path="/bin")

    assert (made.base, made.name) == ("base:1", "made")
    assert made.steps[1:] == [
        Step("COPY", "a b ./", "/build", {"PATH": "/bin"}),
        Step("RUN", "one && two", "/build", {"PATH": "/bin"}),
    ]
    assert [step.folder for step in image.steps] == ["/", "/", "/app"]
    assert image.env == {"PATH": "/opt/bin:/bin", "WORDS": "two words"}
    assert (image.folder, image.user, image.volumes) == ("/app/inner", "10001:10001", ("/data",))
    assert (image.command, image.healthcheck) == (("python", "bot.py"), ("python", "check.py"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("RUN true", "before the first FROM"),
        ("# nothing", "no FROM"),
        ("FROM a\nADD x y", "ADD is not understood"),
        ("FROM a\nCMD python bot.py", "not in the exec form"),
    ],
)
def test_what_is_not_understood_is_an_error(text: str, why: str) -> None:
    """A step that was passed over would make the trial green and the image wrong."""
    with pytest.raises(UnknownStepError, match=why):
        read_stages(text, path="/bin")


@pytest.mark.parametrize(
    ("path", "stays"),
    [
        ("bot.py", True),
        ("cogs/chat/_cog.py", True),
        ("cogs/chat/__pycache__/_cog.pyc", False),
        (".env", False),
        ("data/reka.db", False),
        ("deploy/healthcheck.py", True),
        ("deploy/compose.yaml", False),
    ],
)
def test_the_last_pattern_that_fits_decides(path: str, stays: bool) -> None:
    """An .env in an image is a token that everybody can pull."""
    ignore = "# only these\n*\n!bot.py\n!cogs\n!deploy/healthcheck.py\n**/__pycache__\n"

    assert left_in([PurePosixPath(path)], ignore) == ([PurePosixPath(path)] if stays else [])
