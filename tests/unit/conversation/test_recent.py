"""Events seen lately."""

from __future__ import annotations

from conversation.recent import RecentEvents


def test_an_event_is_new_once() -> None:
    """Discord may deliver it again after a resume."""
    recent = RecentEvents()

    assert [recent.is_new(1), recent.is_new(2), recent.is_new(1)] == [True, True, False]


def test_only_the_newest_are_kept() -> None:
    """The journal is the truth; this is a shortcut with a bounded price."""
    recent = RecentEvents(kept=2)
    for event_id in (1, 2, 3):
        recent.is_new(event_id)

    assert recent.is_new(1)
    assert not recent.is_new(3)
