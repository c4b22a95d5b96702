"""Reactive Streams 1.0.4 for Python: four protocols and one constant.

A `Publisher` hands elements to a `Subscriber`, never more than the Subscriber has asked for through
its `Subscription`; a `Processor` is both ends at once. The protocols are structural: a class with
the right methods is welcome, whether or not it has ever heard of this package.

    Subscriber's view of every stream:  on_subscribe  on_next*  (on_error | on_complete)?

The rules that give the methods their meaning are data, imported on their own:
`reactive_streams.rules` (the 43 rules) and `reactive_streams.glossary` (the terms they use).
`python -m reactive_streams rules 3.9` prints them.

>>> class Mine:
...     def subscribe(self, anyone):
...         "Know nothing of Reactive Streams, and fit."
>>> isinstance(Mine(), Publisher)
True
"""

from reactive_streams._protocols import (
    UNBOUNDED,
    Processor,
    Publisher,
    Subscriber,
    Subscription,
)

__all__ = ["UNBOUNDED", "Processor", "Publisher", "Subscriber", "Subscription"]
