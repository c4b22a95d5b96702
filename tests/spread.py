"""How the tests are spread over the workers: those that wait and those that work go side by side."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# Files whose tests share nothing dear, and take long: each test goes to whoever is free. In the first of
# these two they wait, for silence and for what never comes; in the second they keep a core busy.
WAITING = {
    "tests/tck/test_adversary.py",
    "tests/tck/test_cli.py",
    "tests/tck/test_own_components.py",
    "tests/tck/test_processor_suite.py",
    "tests/tck/test_publisher_suite.py",
    "tests/tck/test_pytest_plugin.py",
    "tests/tck/test_subscriber_suite.py",
}
WORKING = {
    "tests/limits/test_in_flight.py",
    "tests/limits/test_many.py",
    "tests/operators/test_turns.py",
}


class Spread(LoadFileScheduling):  # type: ignore[misc]
    """Keeps a file's tests together, but for slow ones; every other worker begins with those that wait."""

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would put what is slow, and stands alone, last

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in WAITING or file in WORKING else file

    def _assign_work_unit(self, node: Any) -> None:
        waits = bool(int(node.gateway.id.removeprefix("gw")) % 2)
        for scope in self.workqueue:
            if (scope.partition("::")[0] in WAITING) is waits:
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)
