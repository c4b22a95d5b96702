"""The groups of figures that the project is held to."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.asking import asked
from benchmarks.building import built, subscribed
from benchmarks.everyday import everyday, looking_on
from benchmarks.fusing import asynchronous, flattened, fused, pushed
from benchmarks.hopping import hopped
from benchmarks.measure import Case
from benchmarks.producing import buffered, mixed, produced
from benchmarks.tasks import called, joined

GROUPS: dict[str, Callable[[], list[Case]]] = {
    "fused": fused,
    "pushed": pushed,
    "asynchronous": asynchronous,
    "flattened": flattened,
    "everyday": everyday,
    "looking_on": looking_on,
    "joined": joined,
    "called": called,
    "hopped": hopped,
    "asked": asked,
    "produced": produced,
    "buffered": buffered,
    "mixed": mixed,
    "subscribed": subscribed,
    "built": built,
}
