"""What a model thought, kept for a while."""

from __future__ import annotations

from conversation.model import Place
from conversation.thoughts import TOLD_CHARS, Thoughts, answer_now

HERE = Place(1, guild_id=5)


def test_a_thought_is_kept_for_its_time() -> None:
    """It is for the curious of this hour, not for the record."""
    now_s = 0.0
    thoughts = Thoughts(life_s=60.0, now_s=lambda: now_s)
    assert thoughts.keep(7, HERE, None, " Hm.\n")

    now_s = 59.0
    assert thoughts.of(7, reader_id=1) == "Hm."
    now_s = 60.0
    assert thoughts.of(7, reader_id=1) is None
    assert thoughts.size_bytes == 0


def test_all_together_never_take_more_than_the_limit() -> None:
    """A thousand channels of a thinking model must not fill the memory; the oldest go first."""
    thoughts = Thoughts(limit_bytes=100)
    for reply_id in range(50):
        assert thoughts.keep(reply_id, HERE, None, "ä" * 20)
        assert thoughts.size_bytes <= 100

    assert [reply_id for reply_id in range(50) if thoughts.of(reply_id, reader_id=1)] == [48, 49]


def test_one_that_is_larger_than_the_limit_is_not_kept() -> None:
    """It would drive out all others and itself."""
    thoughts = Thoughts(limit_bytes=100)
    thoughts.keep(1, HERE, None, "small")

    assert not thoughts.keep(2, HERE, None, "x" * 101)
    assert thoughts.of(1, reader_id=1) == "small"


def test_a_new_attempt_replaces_what_the_old_one_thought() -> None:
    """The button under the new answer must not show why the old one was given."""
    thoughts = Thoughts()
    thoughts.keep(7, HERE, None, "old and long")
    thoughts.keep(7, HERE, None, "new")
    assert thoughts.of(7, reader_id=1) == "new"
    assert thoughts.size_bytes == 3

    assert not thoughts.keep(7, HERE, None, " ")
    assert thoughts.of(7, reader_id=1) is None


def test_a_private_thought_is_for_its_person_alone() -> None:
    """Private stays private."""
    thoughts = Thoughts()
    thoughts.keep(7, Place(1, guild_id=5, private_to=2), None, "Hm.")

    assert thoughts.of(7, reader_id=3) is None
    assert thoughts.of(7, reader_id=2) == "Hm."


def test_forgetting_a_place_leaves_the_others() -> None:
    """A private exchange in the same channel is another place."""
    thoughts = Thoughts()
    thoughts.keep(1, HERE, None, "here")
    thoughts.keep(2, Place(1, guild_id=5, private_to=2), None, "private")
    thoughts.keep(3, Place(2, guild_id=5), None, "there")

    thoughts.forget_place(Place(1))

    assert [thoughts.of(reply_id, reader_id=2) for reply_id in (1, 2, 3)] == [None, "private", "there"]


def test_of_a_long_thought_the_model_is_told_the_end() -> None:
    """All of it would leave as little room to answer as before."""
    told = answer_now("a" * 100_000 + "so it is rock")

    assert told.endswith("so it is rock")
    assert len(told) < TOLD_CHARS + 300
