"""Factories: what the user gives to make components with, and what is said where that makes none."""

from __future__ import annotations

import inspect
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tck.driving.driver import Driver, Hung
from tck.driving.places import wanted_by
from tck.scripts.load import Unusable
from tck.settings import Loop

PUBLISHER: Final = ("subscribe",)
SUBSCRIBER: Final = ("on_subscribe", "on_next", "on_error", "on_complete")
PROCESSOR: Final = (*SUBSCRIBER, *PUBLISHER)
METHODS: Final = {"publisher": PUBLISHER, "subscriber": SUBSCRIBER, "processor": PROCESSOR}
"""What a component of that kind has to have."""

_NOT_THEIRS: Final = tuple(
    str(Path(folder).resolve())
    for folder in (
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
        Path(__file__).parents[1],
    )
)


class LoopNeeded(Unusable):
    """It was used without the event loop that it needs."""

    def __init__(self, who: str, loop: Loop) -> None:
        super().__init__(f'{who} needs a running event loop: give loop="{loop}" (--loop {loop})')
        self.loop: Loop = loop


class FactoryHangs(Unusable):
    """It has not returned in the time that it had."""


def made(
    driver: Driver,
    factory: Callable[..., Any],
    args: Sequence[Any],
    methods: tuple[str, ...],
    seconds: float,
    *,
    may_be_none: bool = False,
) -> Any:
    """Returns what the factory makes, on the driver's thread: something that has those methods.

    Errors: `Unusable` where it raises, takes longer than so many seconds, or makes something else:
    no rule says anything of a factory, so that this is no verdict.
    """
    try:
        value = driver.call(lambda: factory(*args), seconds)
    except Hung as hung:
        raise FactoryHangs(
            f"{_called(factory, args)} has not returned within {seconds:g} s; this is where it is:\n"
            + hung.stack.rstrip()
        ) from None
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        code = "" if error.code is None else repr(error.code)
        raise Unusable(f"{_called(factory, args)} called sys.exit({code}){where(error)}") from error
    except BaseException as error:
        loop = wanted_by(error)
        if loop is not None and loop != driver.loop:
            needed = LoopNeeded(f"{_called(factory, args)}{where(error)}", loop)
            forget(error)
            raise needed from None
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise Unusable(f"{_called(factory, args)} raised {text}{where(error)}") from error
    if may_be_none and value is None:
        return None
    lacking = [name for name in methods if not _is_there(value, name)]
    if lacking:
        raise Unusable(
            f"{_called(factory, args)} returned {_no_component(value, methods, lacking)}{_home(factory)}"
        )
    unawaited = [name for name in methods if inspect.iscoroutinefunction(getattr(value, name))]
    if unawaited:
        raise Unusable(
            f"{_called(factory, args)} returned {_a(type(value).__name__)}, whose {unawaited[0]}() is a "
            "coroutine function, which nobody awaits: give it a plain one, which may start a task, with "
            f'loop="asyncio" (--loop asyncio) or "trio"{_home(factory)}'
        )
    return value


def _is_there(value: object, name: str) -> bool:
    """Returns whether it has that method; a class has not those of its objects."""
    method = getattr(value, name, None)
    if isinstance(value, type) and inspect.isfunction(method):
        return isinstance(inspect.getattr_static(value, name), staticmethod)
    return callable(method)


def _no_component(value: object, methods: tuple[str, ...], lacking: list[str]) -> str:
    what = next(kind.capitalize() for kind, names in METHODS.items() if names == methods)
    if value is None:
        return f"None, and not a {what}: is a return missing?"
    if inspect.iscoroutine(value):
        value.close()  # or it would be said that nobody has awaited it
        return (
            f"a coroutine, and not a {what}: give a plain function; what it makes may start "
            'tasks, with loop="asyncio" (--loop asyncio) or "trio"'
        )
    if isinstance(value, type):
        return f"the class {value.__name__}, and not a {what}: is it to be called?"
    missing = ", ".join(f"{name}()" for name in lacking)
    return f"{_a(type(value).__name__)}, which is no {what}: it has no {missing}"


def _a(name: str) -> str:
    return f"{'an' if name[:1].lower() in set('aeiou') else 'a'} {name}"


def name_of(factory: object) -> str:
    """Returns what the user calls a factory."""
    inner = inspect.unwrap(factory) if callable(factory) else factory
    inner = getattr(inner, "func", inner)  # of a partial
    return str(getattr(inner, "__qualname__", type(inner).__qualname__))


def _called(factory: object, args: Sequence[Any]) -> str:
    given = (repr(each) if isinstance(each, int) else "probe" for each in args)
    return f"{name_of(factory)}({', '.join(given)})"


def _home(factory: object) -> str:
    """Returns in brackets where the factory stands, if that is known."""
    inner: Any = inspect.unwrap(factory) if callable(factory) else factory
    try:
        file = inspect.getsourcefile(inner)
        line = inspect.getsourcelines(inner)[1]
    except (TypeError, OSError):
        return ""
    return f" ({file}:{line})"


def where(error: BaseException) -> str:
    """Returns in brackets the last line of the user's that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [each for each in frames if not _is_ours(each.filename)]
    return f" ({theirs[-1].filename}:{theirs[-1].lineno})" if theirs else ""


def forget(error: BaseException) -> None:
    """Lets go of the coroutine that was made for a loop which is not there, and that nobody will await."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        traceback.clear_frames(error.__traceback__)


def _is_ours(file: str) -> bool:
    return file.startswith("<") or str(Path(file).resolve()).startswith(_NOT_THEIRS)
