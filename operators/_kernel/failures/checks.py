"""Checks of arguments: a clear error at the line where the operator is called."""

from __future__ import annotations

import inspect
import signal
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FunctionType, GeneratorType
from typing import Any

from operators._kernel.failures.failure import brief, class_of, drop_error, kind_of
from operators._kernel.plan.node import Node
from reactive_streams import UNBOUNDED


def shown(value: Any) -> str:
    """Return a value as a message shows it, with its kind."""
    return f"{brief(value)} ({kind_of(value)})"


def need_callable(operator: str, name: str, value: Any, *, coroutine: bool = False) -> None:
    """Raise TypeError unless `value` is a function; with `coroutine`, one that is to be awaited will do."""
    if type(value) is FunctionType and not (value.__code__.co_flags & _ASYNC or value.__dict__):
        return  # most are, and are asked each time
    if not callable(value):
        raise TypeError(f"{operator}: {name} must be callable, got {shown(value)}{_no_call(value)}")
    if _is(inspect.isasyncgenfunction, value):
        raise TypeError(
            f"{operator}: {name} is an async generator function, whose items nobody would take; "
            + _GENERATORS.get(operator, _FLATTEN)
        )
    if not coroutine and is_coroutine_function(value):
        raise TypeError(
            f"{operator}: {name} is a coroutine function, and nothing here would await it; "
            + _instead(operator, name)
        )


_FLATTEN = "use flat_map(lambda item: Flow.from_async_iterable(fn(item)))"
_GENERATORS = {
    "create": "use Flow.from_async_iterable(producer())",
    "generate": "use Flow.from_async_iterable(step())",
    "defer": "use Flow.defer(lambda: Flow.from_async_iterable(factory()))",
    "on_error_resume": "use on_error_resume(lambda error: Flow.from_async_iterable(fn(error)))",
}
_INSTEAD = {
    "filter": "use map_async to have pairs of item and verdict, then filter and map",
    "for_each": "use map_async(fn).for_each(...), or `async for`",
    "reduce": "use `async for`, which may await between two items",
    "collect": "use `async for`, which may await between two items",
    "scan": "use `async for`, which may await between two items",
    "flat_map": "use map_async(fn).flat_map(lambda flow: flow)",
    "concat_map": "use map_async(fn).concat_map(lambda flow: flow)",
    "concat_map_eager": "use map_async(fn).concat_map(lambda flow: flow)",
    "expand": "use expand(lambda item: Flow.of(item).map_async(fn).flat_map(lambda flow: flow))",
    "flat_map_iterable": "use map_async(fn).flat_map_iterable(lambda items: items)",
    "generate": "use Flow.from_async_iterable with an async generator",
    "defer": "use Flow.from_async_iterable, or Flow.of(...).map_async(fn)",
    "on_error_resume": "use on_error_resume(lambda error: Flow.of(error).map_async(fn))",
    "pipe": "fn takes a flow and returns one; it runs nothing",
    "as_processor": "build takes a flow and returns one; it runs nothing",
}
_PLAIN = {
    "on_cancel", "on_discard", "on_error_map", "on_finally", "on_start", "on_terminate", "repeat",
    "set_error_hook", "skip_errors",
}  # fmt: skip


def _instead(operator: str, name: str) -> str:
    if operator in _PLAIN or name in ("on_drop", "on_request", "on_cancel"):
        return "give a plain function, which may start a task; map_async awaits"
    return _INSTEAD.get(operator, "use map_async for what is to be awaited")


def _no_call(value: Any) -> str:
    """Return a hint at what gives a function of what was given in place of one."""
    if value is None:
        return ""
    if hasattr(value, "subscribe"):
        return "; for a function that gives this flow there is `lambda *_: flow`"
    if _unawaited(value):
        return "; give the function itself, not what calling it gives"
    return ""


def is_coroutine_function(fn: Any) -> bool:
    """Whether calling `fn` gives a coroutine, as far as can be told without calling it.

    A partial, a bound method and an object with an async `__call__` count too. What a plain function
    wraps does not: it may wait for it all by itself.
    """
    return _is(inspect.iscoroutinefunction, fn)


_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_FLAGS: dict[Any, int] = {
    inspect.iscoroutinefunction: inspect.CO_COROUTINE,
    inspect.isasyncgenfunction: inspect.CO_ASYNC_GENERATOR,
}


def _is(test: Any, value: Any) -> bool:
    fn = value
    while isinstance(fn, (partial, staticmethod)):
        fn = fn.func if isinstance(fn, partial) else fn.__func__
    kind = class_of(fn)
    if kind is FunctionType and not fn.__dict__:
        return bool(fn.__code__.co_flags & _FLAGS[test])
    if kind is BuiltinFunctionType or kind is type:
        return False
    return bool(test(fn) or test(getattr(kind, "__call__", None)))  # noqa: B004 - its own __call__


def _unawaited(value: Any) -> bool:
    """Whether it is something to be awaited; a coroutine is closed, since nobody will.

    A Flow and the handle of a run can be awaited, and are what they are all the same.
    """
    if inspect.iscoroutine(value):
        value.close()
        return True
    kind = class_of(value)
    if kind is GeneratorType:
        return inspect.isawaitable(value)
    return hasattr(kind, "__await__") and not kind.__module__.startswith("operators.")


def coroutine_error(operator: str, name: str, made: Any) -> TypeError | None:
    """Return the error for a plain function that gave a coroutine, which is closed; or None."""
    if not inspect.iscoroutine(made):
        return None
    made.close()
    return TypeError(
        f"{operator}: {name} is a plain function that gave a coroutine; give a coroutine function "
        "(async def), or a partial of one"
    )


def need_result(operator: str, name: str, made: Any) -> None:
    """Raise TypeError where the user's function `name` gave something to be awaited."""
    if made is not None and _unawaited(made):
        raise TypeError(
            f"{operator}: {name} gave something to be awaited, {shown(made)}, and nothing here would "
            f"do so; {_instead(operator, name)}"
        )


def tell_of_drop(on_drop: Callable[[Any], object], item: Any, node: Node) -> None:
    """Call the user's on_drop of an operator with an item; what it raises goes to the hook."""
    try:
        need_result(node.operator.name, "on_drop", on_drop(item))
    except Exception as error:
        drop_error(error, f"raised by on_drop of {node.title}; {node.where}")


def need_count(operator: str, name: str, value: Any, *, least: int = 1) -> None:
    """Raise TypeError unless `value` is an int, ValueError unless it lies in `least`..UNBOUNDED."""
    if isinstance(value, bool) or not isinstance(value, int):
        unbounded = value is None or (isinstance(value, float) and value > UNBOUNDED)
        hint = "; without a bound it is UNBOUNDED" if unbounded else ""
        raise TypeError(
            f"{operator}: {name} must be an int of at least {least}, got {shown(value)}{hint}"
        )
    if not least <= value <= UNBOUNDED:
        raise ValueError(f"{operator}: {name} must be at least {least}, got {brief(value)}")


def need_seconds(operator: str, name: str, value: Any, *, least: float = 0.0) -> None:
    """Raise TypeError unless `value` is a number of seconds, ValueError unless it is finite and enough."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        hint = "; use .total_seconds()" if hasattr(value, "total_seconds") else ""
        raise TypeError(f"{operator}: {name} must be a number of seconds, got {shown(value)}{hint}")
    if not least <= value < float("inf"):
        raise ValueError(
            f"{operator}: {name} must be at least {least:g} seconds, and finite, got {brief(value)}"
        )


def need_text(operator: str, name: str, value: Any) -> None:
    """Raise TypeError unless `value` is a str."""
    if not isinstance(value, str):
        raise TypeError(f"{operator}: {name} must be a str, got {brief(value)}")


def need_exception(operator: str, value: Any) -> None:
    """Raise TypeError unless `value` is an Exception, and no class of them."""
    if not isinstance(value, Exception):
        raise TypeError(f"{operator}: needs an Exception (an instance), got {brief(value)}")


def need_classes(operator: str, name: str, value: Any) -> None:
    """Raise TypeError unless `value` is a class, or a tuple of some."""
    kinds = classes(value)
    if not kinds or not all(isinstance(kind, type) for kind in kinds):
        raise TypeError(
            f"{operator}: {name} must be a class, or a tuple of some, got {shown(value)}"
        )


def classes(value: Any) -> list[Any]:
    """Return the classes of what isinstance takes: a class, or a tuple of some."""
    return [*value] if class_of(value) is tuple else [value]


def need_choice(operator: str, name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(
            f"{operator}: {name} must be one of {', '.join(choices)}; got {brief(value)}"
        )


def need_methods(operator: str, role: str, value: Any, *methods: str) -> None:
    """Raise TypeError, naming what lacks, unless `value` has all `methods`."""
    missing = [name for name in methods if not callable(getattr(value, name, None))]
    if missing:
        raise TypeError(
            f"{operator}: {shown(value)} is not a {role}: it has no {', '.join(missing)}"
            + _no_role(role, value)
        )


def _no_role(role: str, value: Any) -> str:
    if role == "Scheduler":
        if hasattr(value, "submit"):
            return "; for a pool there is schedulers.executor(pool)"
        if hasattr(value, "call_soon_threadsafe"):
            return "; for an event loop there is schedulers.event_loop(loop)"
        return "; call it" if callable(value) else "; see operators.schedulers"
    if role == "Publisher":
        return f"; use {flow_of(value)}"
    if role == "Subscriber" and callable(value):
        return "; for a function there is for_each(fn)"
    return ""


def flow_of(value: Any) -> str:
    """Return how a flow is made of what is none."""
    kind = class_of(value)
    if hasattr(kind, "__aiter__"):
        return "Flow.from_async_iterable"
    if _is(inspect.isasyncgenfunction, value):
        return "Flow.from_async_iterable(...), and call the function"
    if inspect.iscoroutinefunction(value):
        return "Flow.of(...).map_async(fn)"
    if _unawaited(value):
        return "Flow.of(...).map_async(fn), with the function that gives it"
    if hasattr(kind, "__iter__") or hasattr(kind, "__getitem__"):
        return "Flow.from_iterable"
    if hasattr(value, "subscribe"):
        return "Flow.from_publisher"
    if callable(value):
        return "Flow.defer for a function that makes a flow"
    return "Flow.of for single items"


SUBSCRIBER_METHODS = ("on_subscribe", "on_next", "on_error", "on_complete")


def need_subscriber(operator: str, value: Any) -> None:
    """Raise TypeError unless `value` has the four methods of a Subscriber (§1.9)."""
    get = getattr  # one by one: it is asked at each subscribe
    if (
        callable(get(value, "on_subscribe", None)) and callable(get(value, "on_next", None))
        and callable(get(value, "on_error", None)) and callable(get(value, "on_complete", None))
    ):  # fmt: skip
        return
    need_methods(operator, "Subscriber", value, *SUBSCRIBER_METHODS)


def need_signals(operator: str, name: str, value: Any) -> list[int]:
    """Return the signals of the process that `value` gives.

    Raises TypeError for what gives no signals, and ValueError for one that no handler can be set for.
    """
    many = hasattr(value, "__iter__") and not isinstance(value, (str, bytes))
    numbers: list[Any] = list(dict.fromkeys(value)) if many else [value]
    for number in numbers:
        if not many or type(number) is bool or not isinstance(number, int):
            raise TypeError(
                f"{operator}: {name} must be signals, as (SIGTERM, SIGINT), got {shown(number)}"
            )
        if number not in signal.valid_signals() or number in _NOBODYS:
            raise ValueError(f"{operator}: no handler can be set for {shown(number)} of {name}")
    return numbers


_NOBODYS = [getattr(signal, name, None) for name in ("SIGKILL", "SIGSTOP")]
