"""Publishers of the JVM: the kit looks at them in a process that has one."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.connectors import jvm, values
from tests.connectors.kit import EACH
from tests.tck.own import Own

needs = "jvm"
apart = True


def _source(elements: int) -> Flow[Any]:
    from tests.connectors.jvm_apart import flowable

    made = flowable().range(0, min(elements, 2**31 - 1))
    return jvm.source(made).apply(values()).map(int)


SOURCES = [Own("jvm.source", _source, EACH)]
SINKS: list[Own] = []
