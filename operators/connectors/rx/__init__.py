"""Observables of reactivex: from them, into their observers, and as one of them.

>>> import reactivex
>>> from operators.connectors import rx, values
>>> list(rx.source(reactivex.of("a", "b")).apply(values()))
['a', 'b']
"""

from operators.connectors.rx.convert import to_observable
from operators.connectors.rx.settings import SinkSettings, SourceSettings
from operators.connectors.rx.sink import sink
from operators.connectors.rx.source import source

__all__ = ["SinkSettings", "SourceSettings", "sink", "source", "to_observable"]
