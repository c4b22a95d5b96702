"""The `with` that has a Watcher see every signal of the flows subscribed to inside of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from operators._kernel.subscription.scope import WATCHER, Watcher


@contextmanager
def watching(watcher: Watcher) -> Generator[None, None, None]:
    """Have `watcher` look at each link of every flow that is subscribed to inside the `with`.

    Its `link(node, downstream)` gets the Subscriber of a link and returns the one to be used instead;
    its `stage(node, stage)` gets the object that does an operator's work; where its `splits` is true,
    fused runs are taken apart so that every operator has a link. Outside the `with` nothing is paid.
    """
    token = WATCHER.set(watcher)
    try:
        yield
    finally:
        WATCHER.reset(token)
