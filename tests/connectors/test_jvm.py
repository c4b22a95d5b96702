"""The JVM: a Publisher of Java is a flow, and a flow is a Publisher of Java."""

from __future__ import annotations

import pytest

from operators import Flow
from operators.connectors import jvm
from tests.connectors.jvm_apart import CHECKS
from tests.connectors.servers.jvm import apart


@pytest.mark.server("jvm")
@pytest.mark.xdist_group("jvm")
@pytest.mark.parametrize("name", CHECKS)
def test_in_a_process_of_its_own(name: str):
    assert apart("check", name)


def test_where_no_jvm_runs_it_says_what_starts_one():
    with pytest.raises(RuntimeError, match=r"jvm.start\('libs/\*'\) starts it"):
        jvm.to_publisher(Flow.of(1))
    with pytest.raises(TypeError, match="needs a Publisher of Java, got 7"):
        jvm.source(7)
    with pytest.raises(TypeError, match="Subscriber"):
        jvm.to_subscriber(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Publisher"):
        jvm.to_publisher(7)  # type: ignore[arg-type]
