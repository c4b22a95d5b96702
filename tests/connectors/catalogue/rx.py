"""Observables of reactivex."""

from __future__ import annotations

from typing import Any

import reactivex

from operators import Flow
from operators.connectors import rx
from tests.connectors.kit import EACH, MANY
from tests.tck.own import Own


class _Observer:
    def on_next(self, item: Any) -> None:
        pass

    def on_error(self, error: Exception) -> None:
        pass

    def on_completed(self) -> None:
        pass


SOURCES = [
    Own("rx.source", lambda n: rx.source(reactivex.range(0, min(n, 1_000))), MANY, hops=True)
]
SINKS = [Own("rx.sink", lambda n: Flow.range(n).apply(rx.sink(_Observer())), EACH, hops=True)]
