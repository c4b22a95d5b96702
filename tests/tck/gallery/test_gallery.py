"""The gallery: its exhibits name real rules, and each known weakness of a kit has one."""

from __future__ import annotations

import pytest

from reactive_streams.rules import RULES
from tck.broken import GALLERY
from tck.correct import CORRECT
from tests.tck.exhibits import declared

BEYOND = {
    "wrong number of elements only for larger requests": [
        "Spec101SendsOneTooManyForLargeRequests",
        "Spec308SendsOneTooFewForLargeRequests",
    ],
    "a stream that stops silently after some dozens": ["Spec308StopsSilentlyAfterDozens"],
    "recursion only after the third element": ["Spec303RecursesAfterTheThird"],
    "signals after on_error": [
        "Spec107CompletesAfterError",
        "Spec107ServesRequestsAfterError",
        "Spec107GoesOnAfterBadRequest",
        "Spec107CompletesAfterBadRequest",
    ],
    "on_error for a bad request after completion": ["Spec306AnswersBadRequestAfterCompletion"],
    "an empty or failed publisher that goes on, late, from another thread": [
        "Spec107EmptySignalsLate",
        "Spec107FailedSignalsLate",
    ],
    "cancel ignored inside a synchronous loop": ["Spec108IgnoresCancelInItsLoop"],
    "blocking cancel or request": ["Spec304RequestBlocks", "Spec305CancelBlocks"],
    "cancel and request from several threads at once": [
        "Spec305CancelIsNotThreadSafe",
        "Spec308LosesConcurrentRequests",
    ],
    "request or cancel that raises": ["Spec315CancelRaises", "Spec316RequestRaises"],
    "subscribe that raises instead of on_error": ["Spec109RaisesInsteadOfOnError"],
    "goes on after a subscriber raised": ["Spec213GoesOnAfterSubscriberRaised"],
    "a second subscriber that steals elements": [
        "Spec111StealsElements",
        "Spec111MulticastDivides",
    ],
    "None as an element": ["Spec213SendsNone"],
    "demand that wraps or is lost": [
        "Spec317Wraps",
        "Spec317FailsBeyondUnbounded",
        "Spec317LosesBeyondSixteenBits",
    ],
    "100,000 times request(1)": ["Spec317OverflowsTheStack"],
    "on_next that raises": ["Spec213OnNextRaises"],
    "the second subscription used": ["Spec205UsesTheSecond"],
    "request or cancel from another thread after the end": [
        "Spec203CancelsFromAnotherThread",
        "Spec204RequestsAfterTheEnd",
        "Spec204CancelsAfterTheEnd",
    ],
    "concurrent requests of a subscriber": ["Spec207RequestsConcurrently"],
    "request(0)": ["Spec309RequestsZero"],
    "never requesting": ["Spec201NeverRequests"],
    "elements dropped": ["Spec308DropsElements", "Spec308ProcessorDropsElements"],
    "a processor of two ends": [
        "Spec107ProcessorCompletesTwice",
        "Spec107ProcessorCompletesAfterError",
    ],
    "cancel not propagated": ["Spec206ProcessorDoesNotCancelUpstream"],
    "error swallowed": ["Spec402SwallowsTheError"],
    "demand not propagated": ["Spec201ProcessorKeepsDemand"],
    "more asked for than the buffer": ["Spec401ProcessorAsksForMoreThanItsBuffer"],
}


@pytest.mark.parametrize("defect", BEYOND)
def test_there_is_an_exhibit_for_each_known_weakness(defect: str) -> None:
    assert set(BEYOND[defect]) <= {exhibit.name for exhibit in GALLERY}


def test_exhibits_name_rules_that_exist() -> None:
    ids = {rule.id for rule in RULES}
    for exhibit in GALLERY:
        assert {exhibit.rule, *exhibit.follows} <= ids, exhibit.name
        assert exhibit.rule not in exhibit.follows, exhibit.name
        chapter, number = exhibit.rule.split(".")
        assert exhibit.name.startswith(f"Spec{chapter}{int(number):02}"), exhibit.name


def test_exhibits_have_names_of_their_own_and_say_what_they_do() -> None:
    both = (*GALLERY, *CORRECT)
    assert len({exhibit.name for exhibit in both}) == len(both)
    assert len({(exhibit.kind, exhibit.rule, exhibit.why) for exhibit in both}) == len(both)
    for exhibit in both:
        assert exhibit.why, exhibit.name
        declared(exhibit)


def test_the_correct_ones_break_no_rule() -> None:
    assert {exhibit.rule for exhibit in CORRECT} == {""}
    assert {exhibit.kind for exhibit in CORRECT} == {"publisher", "subscriber", "processor"}
