"""Errors, which come back as the same when they have been on the other side."""

from __future__ import annotations

from collections import deque
from typing import Any

from operators.connectors.jvm.machine import running

_MOST = 1_000
_under_way: deque[tuple[Any, BaseException]] = deque(maxlen=_MOST)
"""What has crossed, as Java has it and as Python has it; the oldest are forgotten."""


def to_throwable(error: BaseException) -> Any:
    """Return the error as Java has it; one that came from there as it is, for its identity counts.

    A TypeError is a NullPointerException, a ValueError an IllegalArgumentException, as in the rules; any
    other is a RuntimeException.
    """
    jpype = running()
    if isinstance(error, jpype.JException):
        return error
    for theirs, ours in reversed(tuple(_under_way)):
        if ours is error:
            return theirs
    text = str(error) or type(error).__name__
    if isinstance(error, TypeError):
        made = _null_pointer(jpype, text)
    elif isinstance(error, ValueError):
        made = jpype.JClass("java.lang.IllegalArgumentException")(text)
    else:
        made = jpype.JClass("java.lang.RuntimeException")(f"{type(error).__name__}: {text}")
    _under_way.append((made, error))
    return made


def _null_pointer(jpype: Any, text: str) -> Any:
    # One that jpype has built arrives as something else; so Java builds it.
    try:
        jpype.JClass("java.util.Objects").requireNonNull(None, text)
    except jpype.JException as error:
        return error
    raise AssertionError


def to_error(error: Any) -> Any:
    """Return the error of Python that had gone to Java, if it is that; else the exception of Java.

    A NullPointerException is a TypeError, an IllegalArgumentException a ValueError, as in the rules, and
    Java's is its cause.
    """
    for theirs, ours in reversed(tuple(_under_way)):
        if theirs == error:
            return ours
    kind: type[Exception] | None = None
    jpype = running()
    if isinstance(error, jpype.JClass("java.lang.NullPointerException")):
        kind = TypeError
    elif isinstance(error, jpype.JClass("java.lang.IllegalArgumentException")):
        kind = ValueError
    if kind is None:
        return error
    # By reflection: jpype takes the text of some of its own exceptions for another object's.
    method = jpype.JClass("java.lang.Throwable").class_.getMethod("getMessage")
    made = kind(str(method.invoke(error)))
    made.__cause__ = error
    _under_way.append((error, made))
    return made
