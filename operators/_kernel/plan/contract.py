"""Contract: what an operator does with demand, as data for the docs, the checks and explain()."""

from __future__ import annotations

from enum import Enum


class Contract(Enum):
    """The demand contract of a source or an operator; the value is one sentence for people."""

    ON_DEMAND = "a source that makes one item for each item asked for"
    NO_ITEMS = "a source without items; demand has no effect"
    EMITTER = "a source that is pushed; what has no demand waits in a bounded buffer"
    FOREIGN = "a source that is anybody's Publisher; demand is passed on and checked"
    PASS_THROUGH = "request(n) asks upstream for n"
    REPLACES = "request(n) asks upstream for n, and for one more for each item it rejects"
    CAPPED = "request(n) asks upstream for n, and never for more than its limit in total"
    FIXED = "asks upstream for a fixed number of items, at the first request"
    SURCHARGED = "request(n) asks upstream for n, at the first time for the items to skip as well"
    MULTIPLIED = "request(n) asks upstream for n times its size"
    STRIDED = "request(n) asks upstream for as many items as its next n lists need"
    SEQUENTIAL = "one inner stream at a time; demand left over goes on to the next"
    PREFETCH = "asks upstream for its prefetch, and again when three quarters are used"
    CONCURRENT = "asks upstream for its concurrency, and for one more as each place becomes free"
    BATCHED = "asks upstream in batches, never for more than was asked of it"
    UNBOUNDED_UPSTREAM = "asks upstream without bound, whatever is asked of it"
    SHARED = (
        "asks upstream once for all its Subscribers, for as much as the slowest of them has taken"
    )
