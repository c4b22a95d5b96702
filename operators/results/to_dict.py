"""to_dict: all items in a dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class ToDict(LateStep):
    """key(item): value(item) for all items, in one dict; of several with one key the last.

    emits        the dict, when upstream has completed; an empty one for no items
    backpressures  asks upstream without bound, at the first request
    completes    with the dict
    fails        when upstream does, key or value raises, or a key cannot be hashed; the values so far
                 are discarded
    """

    __slots__ = ("_key", "_value")
    name = "to_dict"
    function = "key"
    strict = True
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    never_none = True
    body = """
$held[$key($item)] = $item if $value is None else $value($item)
drop
"""
    flush = """
$item, $held = $held, {}
emit
"""
    leftovers = "$held.values()"

    def __init__(self, key: Callable[[Any], Any], value: Callable[[Any], Any] | None) -> None:
        need_callable("to_dict", "key", key)
        if value is not None:
            need_callable("to_dict", "value", value)
        self._key = key
        self._value = value

    @property
    def holds(self) -> int:
        return UNBOUNDED

    def values(self) -> dict[str, Any]:
        value = None if self._value is None else self._valued
        return {"held": {}, "key": self._key, "value": value}

    def _valued(self, item: Any) -> Any:
        value: Any = self._value
        made = value(item)
        need_result("to_dict", "value", made)
        return made

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
