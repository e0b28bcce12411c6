"""The benchmark of the fleet finds what must not be; a judge who sees nothing would call everything clean."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.fleet.truths import Question, Shown, Verdict, fate, verdict

WHOLE = "a000001 the sky was red"
NOTED = Shown("a000001 the sky\n\n-# I was restarted here.", has_button=True)


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ([Shown(WHOLE)], "whole"),
        ([Shown(WHOLE, has_button=True)], "whole"),
        ([NOTED], "noted"),
        ([Shown("-# I was restarted here.", has_button=True)], "noted"),
        ([], "lost"),
        ([Shown("a000001 the sky")], "half"),
        ([Shown("a000001 the sky\n\n-# I was restarted here.")], "half"),
        ([Shown("a000002 the sea\n\n-# I was restarted here.", has_button=True)], "half"),
        ([Shown(WHOLE + " and low")], "half"),
        ([Shown(WHOLE), Shown(WHOLE)], "doubled"),
        ([NOTED, Shown(WHOLE)], "doubled"),
    ],
)
def test_each_end_has_its_name(shown: Sequence[Shown], name: str) -> None:
    """A part without a word about it is no answer, and a note without a button leaves nobody a way on."""
    assert fate(Question(WHOLE, claimed=True, shown=shown)) == name


def test_question_that_nobody_heard_is_not_lost() -> None:
    """Discord never gave it to a process that lived."""
    assert fate(Question(WHOLE, claimed=False, shown=[])) == "unheard"


@pytest.mark.parametrize(
    ("found", "clean"),
    [
        (Verdict(5, 3, 2, 0, 0, 0), True),
        (Verdict(5, 3, 2, 1, 0, 0), False),
        (Verdict(5, 3, 2, 0, 1, 0), False),
        (Verdict(5, 3, 2, 0, 0, 1), False),
    ],
)
def test_one_of_the_bad_ends_spoils_all(found: Verdict, clean: bool) -> None:
    """0 lost and 0 doubled is what is promised."""
    assert found.clean is clean


def test_verdict_counts_each_question_once() -> None:
    """The columns of the table add up."""
    asked = [Question(WHOLE, True, [Shown(WHOLE)]), Question(WHOLE, True, [NOTED]), Question(WHOLE, True, [])]

    assert verdict(asked) == Verdict(whole=1, noted=1, unheard=0, lost=1, half=0, doubled=0)
