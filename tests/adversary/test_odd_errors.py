"""Errors that take no notes, are false, cannot be shown, or are no Exception at all."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow, RuleViolation
from operators.schedulers import immediate
from tests.operators.kit import Handmade, probe


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    code: int = 1


class NotesOfNone(Exception):
    __notes__ = None


class NoNotes(Exception):
    def add_note(self, note: str) -> None:
        raise AttributeError("no notes here")


class CountsAsFalse(Exception):
    def __len__(self) -> int:
        return 0


class Unshown:
    def __repr__(self) -> str:
        raise ValueError("no repr")


def raising(error: BaseException) -> Callable[..., Any]:
    def function(*_: Any) -> Any:
        raise error

    return function


@pytest.mark.parametrize("error", [Frozen(), NotesOfNone(), NoNotes(), CountsAsFalse()])
@pytest.mark.parametrize(
    "build",
    [
        lambda fn: Flow.range(3).map(fn),
        lambda fn: Flow.from_publisher(Flow.range(3)).map(fn),
        lambda fn: Flow.generate(1, fn),
        lambda fn: Flow.range(3).flat_map(fn),
        lambda fn: Flow.range(3).publish_on(immediate()).reduce(fn),
        lambda fn: Flow.range(3).tap(on_complete=fn),
        lambda fn: Flow.error(ValueError()).tap(on_error=fn),
        lambda fn: Flow.error(ValueError()).on_error_resume(fn),
    ],
)
def test_whatever_it_is_it_is_signalled(build: Any, error: Exception):
    assert probe(build(raising(error)), 9).error is error
    with pytest.raises(type(error)):
        list(build(raising(error)))


def test_an_error_raised_again_is_not_its_own_context():
    error = ValueError()
    assert probe(Flow.error(error).on_error_resume(raising(error))).error is error
    assert error.__context__ is None


@pytest.mark.parametrize("source", [Flow.range(3), Flow.from_publisher(Flow.range(3))])
def test_a_subscriber_that_cannot_be_shown_and_raises(source: Any, dropped: Any):
    class Bad(Unshown):
        def on_subscribe(self, subscription: Any) -> None:
            subscription.request(5)

        def on_next(self, item: Any) -> None:
            raise KeyError("next")

        def on_error(self, error: Exception) -> None:
            raise KeyError("error")

        def on_complete(self) -> None:
            raise KeyError("complete")

    source.subscribe(Bad())
    dropped.take(KeyError)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Flow.range(3).flat_map_iterable(lambda _: Unshown()),  # type: ignore[arg-type, return-value]
        lambda: Flow.range(3).flat_map(lambda _: Unshown()),  # type: ignore[arg-type, return-value]
        lambda: Flow.range(3).concat_map(lambda _: Unshown()),  # type: ignore[arg-type, return-value]
        lambda: Flow.generate(1, lambda _: Unshown()),  # type: ignore[arg-type, return-value]
    ],
)
def test_what_cannot_be_shown_is_told_about_all_the_same(build: Any):
    error = probe(build(), 3).error
    assert isinstance(error, TypeError)
    assert "Unshown, whose repr raised ValueError" in str(error)


def test_a_request_for_what_cannot_be_shown_raises_nothing():
    seen = probe(Flow.range(3)).request(Unshown())
    assert isinstance(seen.error, TypeError)


@pytest.mark.parametrize("error", ["boom", KeyboardInterrupt()])
def test_a_publisher_that_fails_with_what_is_no_exception(error: Any):
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher))
    publisher.fail(error)
    assert isinstance(seen.error, RuleViolation)


def test_the_second_of_two_errors_is_not_lost_silently(dropped: Any):
    sources = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(sources[0]).merge(Flow.from_publisher(sources[1])), 1)
    seen_error = ValueError("first")
    sources[0].fail(seen_error)
    sources[1].fail(KeyError("second"))
    assert seen.error is seen_error
    dropped.take(KeyError)


def test_a_function_is_not_called_any_more_once_the_flow_has_failed():
    calls: list[int] = []

    def no_flow(item: int) -> Any:
        calls.append(item)
        return item

    probe(Flow.from_publisher(Handmade(range(5))).flat_map(no_flow), 1)
    assert calls == [0]


def test_a_copy_of_a_flow_works_as_the_flow_does():
    flow = Flow.range(4).scan(lambda a, b: a + b).pairwise()
    assert list(copy.deepcopy(flow)) == list(copy.copy(flow)) == list(flow)
