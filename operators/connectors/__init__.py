"""Connectors: flows that begin or end in another system, a folder each; `docs/connectors/` has a page each.

`system.source(...)` is a Flow of Messages, `flow.apply(system.sink(...))` writes what comes, a Message or
a bare value, and passes it on when it is written. A system that needs a package of others is an extra, and
says so.
"""

from operators.connectors.message import Message, values

__all__ = ["Message", "values"]
