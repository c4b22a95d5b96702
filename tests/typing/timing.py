"""What the checkers infer for operators with time; never run."""

from typing import assert_type

from operators import Flow
from operators.schedulers import Scheduler
from reactive_streams import Publisher


def timed(words: Flow[str], scheduler: Scheduler, other: Publisher[int]) -> None:
    assert_type(Flow.interval(1, delay=0, scheduler=scheduler), Flow[int])
    assert_type(Flow.timer(1), Flow[int])
    assert_type(words.delay(1, prefetch=4), Flow[str])
    assert_type(words.delay_subscription(1), Flow[str])
    assert_type(words.timeout(1), Flow[str])
    assert_type(words.timeout(first=1, whole=2.5, scheduler=scheduler), Flow[str])
    assert_type(words.idle_timeout(1), Flow[str])
    assert_type(words.backpressure_timeout(1), Flow[str])
    assert_type(words.debounce(0.5), Flow[str])
    assert_type(words.debounce(0.5, scheduler=scheduler), Flow[str])
    assert_type(words.sample(0.5), Flow[str])
    assert_type(words.sample(other), Flow[str])
    assert_type(words.throttle_first(1), Flow[str])
    assert_type(words.throttle_last(1), Flow[str])
    assert_type(words.buffer_time(1), Flow[list[str]])
    assert_type(words.buffer_size_or_time(10, 1), Flow[list[str]])
    assert_type(words.take_until(1), Flow[str])
    assert_type(words.take_until(other), Flow[str])
    assert_type(words.skip_until(other), Flow[str])
    assert_type(words.keep_alive(1, lambda: 3), Flow[str | int])
    assert_type(words.timestamp(), Flow[tuple[float, str]])
    assert_type(words.time_interval(), Flow[tuple[float, str]])
