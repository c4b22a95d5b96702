"""Failure: an error that tells where, and the hook for errors that nobody can receive."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

from operators._kernel.hosts import exits
from operators._kernel.hosts.runtimes import remedy
from operators._kernel.plan.node import Node, is_internal

log = logging.getLogger("operators")

# An exception object that is raised again and again must not grow without bound: Python puts the
# frames of each raise before those of all the raises before.
_MOST_NOTES = 8
_MOST_FRAMES = 100
_LONGEST_REPR = 200
_OF_RUNTIMES = (RuntimeError, TypeError)


class _Nothing:
    """Where there is no value, and None could be one; a copy of it is itself."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "NOTHING"


NOTHING: Any = _Nothing()


class BackpressureError(RuntimeError):
    """More items came than there was demand or room for; the message names operator, place and capacity."""


class RuleViolation(RuntimeError):
    """A Publisher broke a rule of the specification; `rule` is its id, such as "1.1"."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(rule, message)  # what it is made of again by copy and pickle
        self.rule: str = rule

    def __str__(self) -> str:
        return f"§{self.rule}: {self.args[1]}"


class OneShotError(RuntimeError):
    """A source that can be gone through once was subscribed to a second time.

    Where that was a new try, after an error, that error is its `__cause__`.
    """


def used_up(kind: type, remedy: str) -> OneShotError:
    """Return the error for a second Subscriber of a one-shot source over an object of this kind."""
    return OneShotError(
        f"this {kind.__name__} is a one-shot source: it can be gone through only once, and has a "
        f"Subscriber already, or has had one; {remedy}"
    )


def resubscribed(error: Exception, earlier: Exception) -> Exception:
    """Return the error of a flow that took over after an earlier error.

    That of a one-shot source gets the earlier one as its cause: it is why it was subscribed to again.
    """
    if isinstance(error, OneShotError) and error.__cause__ is None and error is not earlier:
        with suppress(Exception):  # as for a note
            error.__cause__ = earlier
    return error


def brief(item: Any) -> str:
    """Return the item's repr, cut to 200 characters; a repr that raises is no second failure."""
    kind = class_of(item)
    if kind.__repr__ is object.__repr__ and _is_ours(kind):
        return f"a {kind_of(item)}"
    try:
        text = repr(item)
    except Exception as error:
        return f"<{kind_of(item)}, whose repr raised {type(error).__name__}>"
    return text if len(text) <= _LONGEST_REPR else f"{text[:_LONGEST_REPR]}... ({len(text)} chars)"


class_of: Callable[[Any], Any] = type
"""Returns the class of an object, whatever that may have."""


def kind_of(item: Any) -> str:
    """Return the name of an object's class; what is our own business is called by its part in a stream."""
    kind = class_of(item)
    name: str = kind.__name__
    if not _is_ours(kind):
        return name
    if hasattr(kind, "on_next"):
        return "Processor" if hasattr(kind, "subscribe") else "Subscriber"
    if hasattr(kind, "subscribe"):
        return "Publisher"
    return "Subscription" if hasattr(kind, "request") else name.strip("_")


def _is_ours(kind: type[Any]) -> bool:
    package, _, rest = kind.__module__.partition(".")
    return package in ("operators", "tck") and (
        kind.__name__.startswith("_") or rest.startswith("_") or "._" in rest
    )


def annotate(error: Exception, node: Node, item: Any = NOTHING) -> Exception:
    """Return the error with a note naming operator, user's file:line and item, and our frames cut."""
    if isinstance(error, (StopIteration, StopAsyncIteration)):
        # Raised out of a generator it would end the loop in silence (PEP 479).
        wrapped = RuntimeError(f"{node.title}: the function raised {type(error).__name__}")
        wrapped.__cause__ = error
        error = wrapped
    place = f"in {node.title}, written at {node.where}"
    # An error that takes no note (a frozen dataclass, say) is still the one to be signalled.
    with suppress(Exception):
        _note(error, place, place if item is NOTHING else f"{place}\n  item: {brief(item)}")
        if type(error) in _OF_RUNTIMES and (advice := remedy(error)) is not None:
            _note(error, advice, advice)
    return error.with_traceback(user_frames(error.__traceback__))


def _note(error: Exception, place: str, note: str) -> None:
    notes = getattr(error, "__notes__", None)
    if not notes:
        error.add_note(note)
        return
    for index, known in enumerate(notes):
        if known == place or known.startswith(f"{place}\n"):
            notes[index] = note  # raised here once more, for another item perhaps
            return
    if len(notes) < _MOST_NOTES:
        error.add_note(note)


def ended_by(raised: BaseException) -> Exception:
    """Return an error that says what no signal may carry, such as a SystemExit, has ended the stream.

    It is for those who wait on another thread, where what was raised never comes.
    """
    error = RuntimeError(f"the stream was ended by {brief(raised)}")
    error.__cause__ = raised
    return exits.ending_all(error)


def in_handling(error: Exception, earlier: Exception) -> Exception:
    """Return the error, which was raised while an earlier one was dealt with, and tell so."""
    with suppress(Exception):  # as for a note
        if error.__context__ is None and error is not earlier:
            error.__context__ = earlier
    return error


def user_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback without our frames; of very many the first and the last are kept."""
    frames: list[TracebackType] = []
    while traceback is not None:
        if not is_internal(traceback.tb_frame.f_code.co_filename):
            frames.append(traceback)
        traceback = traceback.tb_next
    kept: TracebackType | None = None
    if len(frames) > _MOST_FRAMES:
        del frames[_MOST_FRAMES // 2 : -_MOST_FRAMES // 2]
    for entry in reversed(frames):
        kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept


def _log_dropped(error: BaseException, where: str) -> None:
    log.error("an error that no one could receive, %s", where, exc_info=error)


_on_error_dropped: Callable[[BaseException, str], None] = _log_dropped


def set_error_hook(
    hook: Callable[[BaseException, str], None] | None,
) -> Callable[[BaseException, str], None]:
    """Install the hook for errors that nobody can receive and return the one before; None: the log."""
    global _on_error_dropped
    before, _on_error_dropped = _on_error_dropped, hook or _log_dropped
    return before


def drop_error(error: BaseException, where: str) -> None:
    """Hand an error that no Subscriber can receive any more to the hook."""
    if exits.no_news(error) or exits.ends_all(error):
        return
    try:
        _on_error_dropped(error, where)
    except Exception:
        log.exception("the hook for dropped errors failed")


def drop_late(error: BaseException, node: Node) -> None:
    """Hand an error to the hook that came to an operator when its stream was over."""
    if not exits.is_loop_gone(error):
        drop_error(error, f"in {node.title}, which was over; {node.where}")


def subscriber_raised(error: Exception, what: str) -> None:
    """Hand what a Subscriber's method raised to the hook (§2.13); too deep a stack is raised again.

    A RecursionError tells of the pipeline rather than of the Subscriber, and whoever runs the pipeline
    has to see it: the frames in between may hold signals that will never come.
    """
    if isinstance(error, RecursionError):
        raise error
    drop_error(error, f"raised by {what} (§2.13); its Subscription is cancelled")


def stack_is_full() -> bool:
    """Whether more than half of the frames that Python allows are in use here."""
    frame: FrameType | None = sys._getframe()  # pyright: ignore[reportPrivateUsage]
    left = sys.getrecursionlimit() // 2
    while frame is not None and left:
        frame = frame.f_back
        left -= 1
    return frame is not None
