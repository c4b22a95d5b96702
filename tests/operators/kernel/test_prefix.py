"""Prefix: what is settled from the beginning on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from operators._kernel.subscription.prefix import Prefix


def made(*numbers: int) -> Prefix:
    prefix = Prefix()
    prefix.give(numbers)
    return prefix


def test_the_position_is_after_what_is_settled_without_a_gap():
    prefix = made(3, 4, 7)
    assert prefix.position() is None
    assert prefix.settle(4)
    assert prefix.position() is None
    assert prefix.settle(3)
    assert prefix.position() == 5
    assert prefix.settle(7)
    assert (prefix.position(), prefix.held, prefix.first) == (8, 0, None)


def test_a_number_is_settled_once():
    prefix = made(1)
    assert prefix.settle(1)
    assert not prefix.settle(1)
    assert not prefix.settle(2)


def test_one_may_stand_for_all_before_it():
    prefix = made(1, 2, 3, 4)
    prefix.settle(2)
    assert prefix.settle_up_to(3)
    assert not prefix.settle_up_to(1)
    assert (prefix.position(), prefix.unsettled, prefix.first) == (4, 1, 4)


def test_what_is_put_back_holds_the_position_until_it_is_given_again():
    prefix = made(1, 2, 3)
    prefix.settle(1)
    assert prefix.put_back(2)
    assert not prefix.settle(3), "it is given again, after the other"
    prefix.give([4])  # it was on its way
    assert prefix.settle_up_to(4)
    assert prefix.position() == 2
    prefix.again(2)
    prefix.give([2, 3, 4], 1)
    assert not prefix.settle(2), "this is what was said the first time"
    assert [prefix.settle(n, 1) for n in (2, 3, 4)] == [True, True, True]
    assert prefix.position() == 5


def test_what_would_be_settled_can_be_asked():
    prefix = made(1, 2, 3)
    assert prefix.reach({1, 3}) == 2
    assert prefix.reach({2, 3}) is None
    prefix.settle(1)
    assert prefix.reach({2, 3}) == 4
    assert prefix.unsettled == 2


def test_once_closed_nothing_is_settled():
    prefix = made(1, 2)
    prefix.settle(1)
    prefix.close()
    assert not prefix.settle(2)
    assert (prefix.position(), prefix.held, prefix.closed) == (2, 0, True)


@given(st.lists(st.booleans(), max_size=30), st.randoms(use_true_random=False))
def test_it_is_what_a_list_says(settled, random):
    prefix = made(*range(len(settled)))
    chosen = [n for n, yes in enumerate(settled) if yes]
    random.shuffle(chosen)
    for n in chosen:
        assert prefix.settle(n)
    gap = next((n for n, yes in enumerate(settled) if not yes), len(settled))
    assert (prefix.position() or 0) == gap
    assert prefix.held == len(settled) - gap


def test_from_many_threads_each_number_is_settled_once():
    prefix = made(*range(2_000))
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(prefix.settle, [n % 2_000 for n in range(8_000)]))
    assert (sum(told), prefix.position()) == (2_000, 2_000)
