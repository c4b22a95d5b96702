"""Who polls a queue, or pulls from a box, is rung for once for all that comes until it looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from operators import Flow
from operators._kernel.fusing.feed import PAUSE, Run
from operators._kernel.kinds import chain_to
from operators._kernel.running.assembly import FEEDS
from operators._kernel.subscription.scope import Scope
from operators.schedulers import immediate
from tests.operators.conftest import Dropped
from tests.operators.kit import Handmade


class Bell:
    blocks: ClassVar[bool] = False

    def __init__(self) -> None:
        self.rung = 0

    def ring(self) -> None:
        self.rung += 1

    def wait(self) -> None:
        raise AssertionError("it is not to block")


class Pulling:
    """One who pulls a flow, one step at a time, with a bell that counts."""

    def __init__(self, flow: Flow[Any]) -> None:
        self.bell = Bell()
        self.left: list[Any] = []
        chain, _ = chain_to(flow.node)
        scope = Scope().discarding(self.left.append)
        self.feed = FEEDS.feed_of(chain, scope, Run(lambda: self.bell), blocks=False, prefetch=8)

    def take(self) -> Any:
        return next(self.feed.items)

    def wait(self) -> None:
        """Look, find nothing, and wait from now on."""
        assert self.take() is PAUSE
        self.bell.rung = 0


WAYS = {
    "a box": lambda publisher: Flow.from_publisher(publisher),
    "a queue": lambda publisher: Flow.from_publisher(publisher).publish_on(immediate(), prefetch=8),
}


@pytest.fixture(params=WAYS)
def pulled(request: Any) -> Iterator[tuple[Handmade, Pulling]]:
    publisher = Handmade()
    pulling = Pulling(WAYS[request.param](publisher))
    yield publisher, pulling
    pulling.feed.close()


def test_the_first_of_those_that_wait_rings(pulled: tuple[Handmade, Pulling]):
    publisher, pulling = pulled
    pulling.wait()
    publisher.emit(1)
    assert pulling.bell.rung == 1
    publisher.emit(2, 3)
    assert pulling.bell.rung == 1
    assert [pulling.take() for _ in range(4)] == [1, 2, 3, PAUSE]
    publisher.emit(4)
    assert pulling.bell.rung == 2
    assert pulling.take() == 4


def test_an_item_after_the_last_was_taken_rings_before_anybody_has_looked_again(
    pulled: tuple[Handmade, Pulling],
):
    publisher, pulling = pulled
    pulling.wait()
    publisher.emit(1)
    assert pulling.take() == 1
    publisher.emit(2)
    assert pulling.bell.rung == 2


def test_an_end_rings_whatever_waits(pulled: tuple[Handmade, Pulling]):
    publisher, pulling = pulled
    pulling.wait()
    publisher.emit(1)
    publisher.complete()
    assert pulling.bell.rung == 2
    assert list(pulling.feed.items) == [1]


def test_what_is_left_is_discarded_and_cannot_be_begun_again(pulled: tuple[Handmade, Pulling]):
    publisher, pulling = pulled
    pulling.wait()
    publisher.emit(1, 2)
    assert pulling.take() == 1
    pulling.feed.close()
    assert (pulling.left, publisher.cancels) == ([2], 1)
    assert list(pulling.feed.items) == []


def test_what_is_left_before_it_began_never_begins(pulled: tuple[Handmade, Pulling]):
    publisher, pulling = pulled
    pulling.feed.close()
    assert list(pulling.feed.items) == []
    assert publisher.subscriptions == 0


def test_an_error_that_waits_when_it_is_left_goes_to_the_hook(
    pulled: tuple[Handmade, Pulling], dropped: Dropped
):
    publisher, pulling = pulled
    pulling.wait()
    publisher.emit(1)
    publisher.fail(KeyError("waits"))
    pulling.feed.close()
    dropped.take(KeyError)
    assert pulling.left == [1]


def test_an_error_that_was_raised_does_not(pulled: tuple[Handmade, Pulling]):
    publisher, pulling = pulled
    pulling.wait()
    publisher.fail(KeyError("raised"))
    with pytest.raises(KeyError):
        pulling.take()
    pulling.feed.close()
