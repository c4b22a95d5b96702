"""What there is where there is no item: a default, or an error that says so."""

from __future__ import annotations

from functools import partial
from typing import Any

from operators._kernel.failures.failure import NOTHING


class NoItemError(LookupError):
    """A flow had no item where one was needed, as by `first`; the message names the operator."""


class ManyItemsError(LookupError):
    """A flow had more than the one item that `single` takes."""


OR_DEFAULT = """
if $found is nothing:
    if $default is nothing:
        raise $missing()
    $found = $default
$item, $found = $found, nothing
emit
"""
"""A flush that gives what was found, or the default."""


def defaults(operator: str, default: Any) -> dict[str, Any]:
    """Return the values that OR_DEFAULT needs."""
    return {"found": NOTHING, "default": default, "missing": partial(missing, operator)}


def missing(operator: str, had: str = "no items") -> NoItemError:
    """Return the error for an item that is not there."""
    return NoItemError(f"{operator}: the flow had {had}; give default=... for that")


def need_default(operator: str, default: Any) -> None:
    """Raise TypeError for a default of None."""
    if default is None:
        raise TypeError(
            f"{operator}: default must not be None, which is no element (§2.13); a flow without items, "
            "such as of take(1), gives None to who awaits or runs it"
        )
