"""One test for cases that differ in little: a test costs more than many a case does."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def in_turn(
    name: str, values: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run the test with each of the values as its argument `name`; a failure has a note that says with which.

    For what leaves nothing behind that the next case would see; a test that skips is not for this.
    """
    several = list(values)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(**arguments: Any) -> None:
            for value in several:
                try:
                    test(**arguments, **{name: value})
                except BaseException as error:
                    error.add_note(f"with {name}={value!r}")
                    raise

        signature = inspect.signature(test)
        others = [each for each in signature.parameters.values() if each.name != name]
        run.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return run

    return decorate
