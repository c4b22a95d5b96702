"""A member of a group, as a program: it writes what it reads to another topic, and acknowledges that.

With the id of a transaction it does so exactly once, and begins anew after what a rebalance brings about.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from operators import Backoff
from operators.connectors import kafka


def work(_: Any) -> None:
    """What takes some time."""
    time.sleep(0.001)


def main() -> None:
    servers, topic, results, group, config, *transactional = json.loads(sys.argv[1])
    promise: Any = "exactly_once" if transactional else "at_least_once"
    settings = kafka.SourceSettings(promise=promise, prefetch=50, config=config)
    source = kafka.source(servers, topic, group, settings).tap(work)
    batch = kafka.SinkSettings(batch=50)
    if transactional:
        sink = kafka.transaction(servers, results, transactional[0], batch)
        source.apply(sink).retry(backoff=Backoff(0.1)).run()
    else:
        sink = kafka.sink(servers, results, batch)
        source.apply(sink).tap(lambda message: message.ack()).run()


if __name__ == "__main__":
    main()
