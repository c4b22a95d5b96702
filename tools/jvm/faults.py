"""Faults that are put into the kernel, to see that the official kit finds them through the bridge.

A kit that passes says little before it has been seen to fail. `sow` changes the text of one module
when it is imported; `FAULTS` says in which suite, and by which checks, that has to be found.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_DRIVE = "operators._kernel.links.drives"
_QUEUED = "operators._kernel.links.queued"
_JUNCTION = "operators._kernel.links.junction"
_INLET = "operators._kernel.links.inlet"
_DEMAND = "operators._kernel.subscription.demand"
_HANDLE = "operators._kernel.running.handle"


@dataclass(frozen=True)
class Fault:
    """A change of one module; of the checks with one of the words in their names, one has to fail."""

    name: str
    module: str
    old: str
    new: str
    suite: str
    words: tuple[str, ...]


FAULTS = [
    Fault(
        "one more than was asked for", _DRIVE,
        "            self._asked = 0\n            return n\n",
        "            self._asked = 0\n            return n + 1\n",
        "range", ("spec101", "spec102"),
    ),
    Fault(
        "some demand is lost", _QUEUED,
        "        wanted = self.demand.value\n",
        "        wanted = self.demand.take(1) and self.demand.value\n",
        "range.publish_on", ("spec102", "createPublisher3"),
    ),
    Fault(
        "no end", _DRIVE,
        "            subscriber.on_complete()\n", "            pass\n",
        "range", ("spec105",),
    ),
    Fault(
        "the end twice", _DRIVE,
        "            subscriber.on_complete()\n",
        "            subscriber.on_complete()\n            subscriber.on_complete()\n",
        "range", ("spec107_mustNotEmitFurtherSignals", "spec105"),
    ),
    Fault(
        "an error in place of the end", _DRIVE,
        "            subscriber.on_complete()\n",
        "            subscriber.on_error(ValueError('over'))\n",
        "range", ("spec105",),
    ),
    Fault(
        "a failure is no signal", "operators._kernel.kinds",
        "    subscriber.on_error(error)\n", "    pass\n",
        "range", ("spec104", "spec109_may"),
    ),
    Fault(
        "None may subscribe", "operators._kernel.failures.checks",
        "    get = getattr  # one by one: it is asked at each subscribe\n",
        "    return\n    get = getattr\n",
        "range", ("spec109_subscribeThrowNPE",),
    ),
    Fault(
        "request(0) is taken", _DRIVE,
        "        if type(n) is not int or n < 1:\n", "        if type(n) is not int or n < 0:\n",
        "range", ("spec309_requestZero",),
    ),
    Fault(
        "a negative request is ignored", _DEMAND,
        "    if number > 0:\n        return None\n    return ValueError",
        "    if number != 0:\n        return None\n    return ValueError",
        "range.publish_on", ("spec309_requestNegative",),
    ),
    Fault(
        "request recurses", _DRIVE,
        "            self._asked += n\n            return\n",
        "            self._asked += n\n            self._deliver(self._subscriber.on_next, 1)\n"
        "            self._asked -= 1\n            return\n",
        "range", ("spec303", "spec302"),
    ),
    Fault(
        "request raises after cancel", _QUEUED,
        "        bad = None if type(n) is int and n > 0 else demand_error(n := plain(n))\n",
        "        bad = None if type(n) is int and n > 0 else demand_error(n := plain(n))\n"
        "        if self.cancelled:\n            raise RuntimeError('cancelled')\n",
        "range.publish_on", ("spec306",),
    ),
    Fault(
        "a second cancel raises", _DRIVE,
        "    def cancel(self) -> None:\n        with self._lock:\n            if self._over:\n"
        "                return\n",
        "    def cancel(self) -> None:\n        with self._lock:\n            if self._over:\n"
        "                raise RuntimeError('cancelled before')\n",
        "range", ("spec307",),
    ),
    Fault(
        "the Subscriber is kept", _DRIVE,
        "        subscriber, self._subscriber = self._subscriber, None\n",
        "        subscriber, self._subscriber = self._subscriber, None\n"
        "        globals().setdefault('KEPT', []).append(subscriber)\n",
        "range", ("spec313",),
    ),
    Fault(
        "demand wraps round", _DEMAND,
        "            self.value = min(before + n, UNBOUNDED)\n            return before\n",
        "            self.value = (before + n) % UNBOUNDED\n            return before\n",
        "range.publish_on", ("spec317",),
    ),
    Fault(
        "a second Subscription is left alone", _JUNCTION,
        "            subscription.cancel()  # §2.5\n", "            pass\n",
        "as_processor(map)", ("spec205",),
    ),
    Fault(
        "None is an element", _JUNCTION,
        '            raise TypeError("on_next: None is not an element (§2.13)")\n',
        "            return\n",
        "as_processor(map)", ("spec213_onNext",),
    ),
    Fault(
        "None is an error", _JUNCTION,
        '            raise TypeError("on_error: None is not an error (§2.13)")\n',
        "            return\n",
        "map.for_each", ("spec213_blackbox_onError",),
    ),
    Fault(
        "a Processor asks for nothing", _INLET,
        "            subscription.request(n)\n", "            pass\n",
        "map.for_each", ("spec201",),
    ),
    Fault(
        "a Processor keeps errors for itself", _INLET,
        "            downstream.on_error(error)\n        self._let_go()\n\n    def _is_the_end",
        "            pass\n        self._let_go()\n\n    def _is_the_end",
        "as_processor(map)", ("spec104", "mustImmediatelyPassOnOnError"),
    ),
    Fault(
        "a Processor does not pass a cancel on", "operators._kernel.subscription.turnstile",
        "return\n            left = self._let_go()\n        _cancel(left)\n",
        "return\n            self._let_go()\n",
        "as_processor(map)", ("spec312", "spec108", "spec208", "cancel"),
    ),
]  # fmt: skip
"""Each breaks a rule in one place."""


class _Sower(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._fault.module:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            return None
        return importlib.util.spec_from_file_location(fullname, found.origin, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        fault: Any = self._fault
        file = str(module.__file__)
        with open(file, encoding="utf-8") as source:
            text = source.read()
        if text.count(fault.old) != 1:
            sys.exit(
                f"{fault.name}: {fault.module} has {text.count(fault.old)} times what is to be "
                f"changed:\n{fault.old}"
            )
        exec(compile(text.replace(fault.old, fault.new), file, "exec"), vars(module))


def sow(name: str) -> Fault:
    """Put the fault of that name in; to be called before its module is imported."""
    fault = next(each for each in FAULTS if each.name == name)
    sys.meta_path.insert(0, _Sower(fault))
    return fault
