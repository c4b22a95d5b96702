"""Flow: a description of a pipeline, which runs when somebody asks it for items."""

from __future__ import annotations

from operators._faces.backpressure import Backpressure
from operators._faces.combining import Combining
from operators._faces.concurrency import Concurrency
from operators._faces.errors import Errors
from operators._faces.face import T_co
from operators._faces.filtering import Filtering
from operators._faces.lifecycle import Lifecycle
from operators._faces.multicast import Multicasting
from operators._faces.results import Results
from operators._faces.running import Running
from operators._faces.sources import Sources
from operators._faces.splitting import Splitting
from operators._faces.testing import Testing
from operators._faces.timing import Timing
from operators._faces.transform import Transform


class Flow(
    Sources[T_co],
    Transform[T_co],
    Filtering[T_co],
    Combining[T_co],
    Errors[T_co],
    Backpressure[T_co],
    Concurrency[T_co],
    Timing[T_co],
    Multicasting[T_co],
    Splitting[T_co],
    Lifecycle[T_co],
    Results[T_co],
    Running[T_co],
    Testing[T_co],
):
    """A Publisher that is built from a source and operators, and runs anew for each Subscriber.

    Class methods are sources, methods are operators; a Flow is never changed, each operator returns a
    new one. Nothing runs until somebody asks: a `for` or `async for` loop, `await`, `run`, `for_each`,
    or any Subscriber.

    >>> flow = Flow.range(10).filter(lambda n: n % 2).map(lambda n: n * n)
    >>> list(flow)
    [1, 9, 25, 49, 81]
    >>> sum(flow.take(2))
    10
    """

    __slots__ = ()

    def __repr__(self) -> str:
        names = [node.title for node in self.node.chain()]
        shown = names if len(names) <= 8 else [*names[:4], f"... {len(names) - 7} ...", *names[-3:]]
        return f"<Flow {' | '.join(shown)}>"
