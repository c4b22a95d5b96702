"""Drain: whose turn it is, and what is left to be done after it."""

from __future__ import annotations

from operators._kernel.subscription.drain import Drain


def test_one_at_a_time_has_the_turn() -> None:
    drain = Drain()
    assert drain.enter()
    assert not drain.enter()  # a mark
    assert not drain.claim()
    assert drain.again()
    assert not drain.again()
    assert drain.claim()
    assert not drain.claim()


def test_who_claims_leaves_no_mark() -> None:
    drain = Drain()
    assert drain.claim()
    assert not drain.again()
    assert drain.enter()


def test_a_mark_that_was_left_is_seen_once_the_turn_is_given_back() -> None:
    drain = Drain()
    drain.take()
    assert not drain.enter()
    drain.leave(None)
    assert drain.revive()
    assert not drain.claim()
    assert not drain.again()


def test_nothing_is_revived_without_a_mark() -> None:
    drain = Drain()
    assert not drain.revive()
    assert drain.claim()


def test_nothing_is_revived_while_another_has_the_turn() -> None:
    drain = Drain()
    drain.take()
    assert not drain.enter()
    assert not drain.revive()
    assert drain.again()  # it is left for whoever has the turn
