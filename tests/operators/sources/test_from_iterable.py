"""from_iterable: the items of an iterable, never pulled ahead of demand."""

from __future__ import annotations

import io
from typing import Any

import pytest

from operators import Flow, OneShotError
from tests.operators.kit import Pulled, line_of, notes, probe


@pytest.mark.parametrize("items", [[1, 2, 3], (1, 2, 3), "abc", b"abc", bytearray(3), range(3)])
def test_what_has_a_known_end_completes_with_its_last_item(items: Any):
    seen = probe(Flow.from_iterable(items)).request(len(items) - 1)
    assert not seen.ended
    seen.request(1)

    assert seen.items == list(items)
    assert seen.completed


def test_a_generator_completes_at_the_next_pull():
    pulled = Pulled([1, 2])
    seen = probe(Flow.from_iterable(pulled)).request(2)
    assert (seen.items, seen.completed, pulled.closed) == ([1, 2], False, 0)

    seen.request(1)
    assert (seen.completed, pulled.closed) == (True, 1)


@pytest.mark.parametrize("items", [{1: "a", 2: "b"}, {1: "a", 2: "b"}.items(), {1, 2}])
def test_what_may_be_changed_meanwhile_completes_at_the_next_pull(items: Any):
    seen = probe(Flow.from_iterable(items)).request(2)
    assert (seen.items, seen.completed) == (list(items), False)

    seen.request(1)
    assert seen.completed


def test_a_dict_that_is_changed_meanwhile_fails():
    items = {1: "a", 2: "b"}
    seen = probe(Flow.from_iterable(items)).request(1)
    items[3] = "c"
    seen.request(1)

    assert isinstance(seen.error, RuntimeError)
    assert seen.items == [1]


def test_nothing_is_pulled_ahead_of_demand():
    pulled = Pulled(range(100))
    seen = probe(Flow.from_iterable(pulled))
    for n in (1, 3, 5):
        before = len(seen.items)
        seen.request(n)
        assert pulled.pulled == len(seen.items) == before + n
    seen.cancel()
    assert (pulled.pulled, pulled.closed) == (9, 1)


def test_each_subscriber_goes_through_it_anew():
    pulled = Pulled([1, 2])
    flow = Flow.from_iterable(pulled)

    assert list(flow) == list(flow) == [1, 2]
    assert pulled.opened == 2


def test_a_one_shot_iterator_has_one_subscriber():
    flow = Flow.from_iterable(iter([1, 2]))  # only once
    assert list(flow) == [1, 2]

    seen = probe(flow, 1)
    assert isinstance(seen.error, RuntimeError)
    assert "can be gone through only once" in str(seen.error)
    assert line_of("# only once", __file__) in notes(seen.error)
    with pytest.raises(RuntimeError, match=r"Flow\.defer"):
        list(flow)
    with pytest.raises(RuntimeError, match=r"Flow\.defer"):
        flow.map(str).limit_rate(2).run()


def test_a_generator_that_is_over_is_no_flow_without_items():
    def rows():
        yield 1
        raise ConnectionError("went away")

    made = rows()
    got: list[int] = []
    flow = Flow.defer(lambda: Flow.from_iterable(made)).retry(3).tap(got.append)
    with pytest.raises(OneShotError, match="has had one") as caught:
        list(flow)
    assert got == [1]
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_a_generator_is_closed_by_a_cancel_inside_on_next():
    pulled = Pulled(range(9))
    seen = probe(Flow.from_iterable(pulled), 5, then=lambda it, item: it.cancel())

    assert seen.items == [0]
    assert pulled.closed == 1


def test_a_generator_is_closed_before_the_end_is_told():
    order: list[str] = []

    def numbers():
        try:
            yield 1
            yield 2
        finally:
            order.append("closed")

    flow = Flow.from_iterable(numbers()).take(1)
    flow.tap(on_complete=lambda: order.append("completed")).run()

    assert order == ["closed", "completed"]


def test_what_belongs_to_others_is_not_closed():
    file = io.StringIO("one\ntwo\nthree\n")
    assert list(Flow.from_iterable(file).take(1)) == ["one\n"]

    assert not file.closed
    assert file.readline() == "two\n"


def test_an_iterable_that_raises_names_its_place():
    lost = KeyError("lost")
    flow = Flow.from_iterable(Pulled([1], lost))  # raises
    seen = probe(flow, 5)

    assert seen.items == [1]
    assert seen.error is lost
    assert f"in from_iterable, written at {line_of('# raises', __file__)}" in notes(lost)


def test_an_iterable_that_cannot_be_opened_fails_its_subscriber():
    class Shut:
        def __iter__(self) -> Any:
            raise OSError("shut")

    seen = probe(Flow.from_iterable(Shut()))
    assert isinstance(seen.error, OSError)
    with pytest.raises(OSError, match="shut"):
        list(Flow.from_iterable(Shut()))


def test_a_cleanup_that_raises_goes_to_the_hook(dropped: Any):
    def numbers():
        try:
            yield 1
            yield 2
        finally:
            raise OSError("cleanup")

    seen = probe(Flow.from_iterable(numbers()), 1)
    seen.cancel()

    error, _ = dropped.take(OSError)
    assert str(error) == "cleanup"
    assert seen.items == [1]
    assert not seen.ended


def test_the_old_sequence_protocol_will_do():
    class Squares:
        def __getitem__(self, index: int) -> int:
            if index == 3:
                raise IndexError
            return index * index

    assert list(Flow.from_iterable(Squares())) == [0, 1, 4]  # type: ignore[arg-type]


def test_endless_ones_are_bounded_by_demand():
    def all_numbers():
        n = 0
        while True:
            yield n
            n += 1

    assert list(Flow.from_iterable(all_numbers()).take(3)) == [0, 1, 2]
    assert probe(Flow.from_iterable(all_numbers()), 4).items == [0, 1, 2, 3]


def test_a_request_from_inside_the_iterable_is_no_recursion():
    holder: list[Any] = []

    def numbers():
        for n in range(3):
            holder[0].request(1)
            yield n

    seen = probe(Flow.defer(lambda: Flow.from_iterable(numbers())))
    holder.append(seen)
    seen.request(1)

    assert seen.items == [0, 1, 2]
    assert seen.completed
    assert seen.violations == []
