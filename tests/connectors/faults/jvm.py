"""What goes wrong around the JVM, each in a process of its own."""

from __future__ import annotations

from functools import partial

from tests.connectors.jvm_apart import FAULTS as APART
from tests.connectors.servers.jvm import apart

needs = "jvm"
FAULTS = {name: partial(apart, "fault", name) for name in APART}
