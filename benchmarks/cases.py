"""The groups of figures that the project is held to."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.asking import asked
from benchmarks.batching import batched
from benchmarks.building import built, subscribed
from benchmarks.combining import combined
from benchmarks.connecting import connected
from benchmarks.consuming import consumed
from benchmarks.crossing import crosses, grown
from benchmarks.everyday import everyday, looking_on
from benchmarks.fusing import asynchronous, flattened, fused, pushed
from benchmarks.guarding import guarded
from benchmarks.hopping import hopped
from benchmarks.measure import Case
from benchmarks.producing import buffered, mixed, produced
from benchmarks.querying import queried
from benchmarks.requesting import requested
from benchmarks.rsockets import rsocketed
from benchmarks.sharing import grouped, shared
from benchmarks.steps import stepped
from benchmarks.streaming import streamed
from benchmarks.tasks import called, joined
from benchmarks.timing import timed
from benchmarks.watching import watched

GROUPS: dict[str, Callable[[], list[Case]]] = {
    "fused": fused,
    "pushed": pushed,
    "asynchronous": asynchronous,
    "flattened": flattened,
    "everyday": everyday,
    "looking_on": looking_on,
    "joined": joined,
    "called": called,
    "batched": batched,
    "hopped": hopped,
    "asked": asked,
    "guarded": guarded,
    "produced": produced,
    "buffered": buffered,
    "mixed": mixed,
    "subscribed": subscribed,
    "built": built,
    "stepped": stepped,
    "timed": timed,
    "combined": combined,
    "shared": shared,
    "grouped": grouped,
    "crosses": crosses,
    "grown": grown,
    "connected": lambda: [*connected(), *requested()],
    "rsocket": rsocketed,
    "watched": watched,
}

ON_REQUEST: dict[str, Callable[[], list[Case]]] = {
    "consumed": consumed,
    "queried": queried,
    "streamed": streamed,
}
"""Those that need a server: measured where they are named."""
