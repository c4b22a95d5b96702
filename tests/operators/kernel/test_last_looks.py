"""Who looks, finds nothing, and looks whether it is over, while the last item and the end come in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from operators import Flow
from operators._kernel.links import inbox
from operators._kernel.links.looking import snapshot
from operators.combining import concat_map
from operators.schedulers import immediate
from tests.operators.kit import Handmade, probe


class Sly(deque[Any]):
    """Right after it has been found empty, what `then` has to send comes: as if by another thread."""

    then: ClassVar[Callable[[], object] | None] = None

    def __len__(self) -> int:
        found = super().__len__()
        then = Sly.then
        if then is not None and not found:
            Sly.then = None
            then()
        return found


@pytest.fixture(autouse=True)
def sly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (inbox, concat_map):
        monkeypatch.setattr(module, "deque", Sly)
    yield
    Sly.then = None


PUSHED: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "nothing": lambda flow: flow,
    "map": lambda flow: flow.map(lambda item: item),
    "buffer": lambda flow: flow.on_backpressure_buffer(2, overflow="block"),
    "publish_on": lambda flow: flow.publish_on(immediate(), prefetch=2),
    "concat_map": lambda flow: flow.concat_map(Flow.of),
    "flat_map": lambda flow: flow.flat_map(Flow.of),
    "inner flow": lambda flow: Flow.of(0).flat_map(lambda _: flow),
    "merge": lambda flow: flow.merge(Flow.empty()),
    "zip": lambda flow: flow.zip(Flow.of(0)).map(lambda pair: pair[0]),
}


class Sudden(Handmade):
    """When it is asked for the first time, its one item and its end are about to come."""

    def request(self, n: Any) -> None:
        if not self.requests:
            Sly.then = self._all
        super().request(n)

    def _all(self) -> None:
        self.emit("last")
        self.complete()


def all_has_come(publisher: Sudden) -> None:
    """Have it come now, where nobody has looked."""
    then, Sly.then = Sly.then, None
    if then is not None:
        then()
    assert publisher.emitted == 1


@pytest.mark.parametrize("name", PUSHED)
def test_a_loop_has_the_last_item(name: str) -> None:
    publisher = Sudden()
    assert list(PUSHED[name](Flow.from_publisher(publisher))) == ["last"]


@pytest.mark.parametrize("name", PUSHED)
def test_a_subscriber_has_the_last_item(name: str) -> None:
    publisher = Sudden()
    seen = probe(PUSHED[name](Flow.from_publisher(publisher)), 2)
    all_has_come(publisher)
    assert seen.items == ["last"]
    assert seen.completed


def test_a_queue_that_changes_is_looked_at_again() -> None:
    class Changing(deque[int]):
        looks = 0

        def __iter__(self) -> Iterator[int]:
            self.looks += 1
            if self.looks < 3:
                raise RuntimeError("deque mutated during iteration")
            return super().__iter__()

    assert snapshot(Changing([1, 2])) == [1, 2]
