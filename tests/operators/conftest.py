"""For the tests of the operators: no error may go to the hook for dropped errors unnoticed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from operators.hooks import set_error_hook


class Dropped:
    """The errors that reached the hook; a test takes those that it expects."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.errors: list[tuple[BaseException, str]] = []

    def __call__(self, error: BaseException, where: str) -> None:
        with self._changed:
            self.errors.append((error, where))
            self._changed.notify_all()

    def take(self, kind: type[BaseException] = Exception) -> tuple[BaseException, str]:
        """Wait for the next error, and return it with where it was."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self.errors), 20.0), "nothing was dropped"
            error, where = self.errors.pop(0)
        assert isinstance(error, kind), f"{error!r} was dropped, {where}"
        return error, where


@pytest.fixture(autouse=True)
def dropped() -> Iterator[Dropped]:
    """Fails a test that lets an error go to the hook without taking it from there."""
    hook = Dropped()
    before = set_error_hook(hook)
    try:
        yield hook
    finally:
        set_error_hook(before)
    assert not hook.errors, f"errors that no one took: {hook.errors}"
