"""The terms in which the rules are written, as data, in our own words and for Python."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

__all__ = ["GLOSSARY", "Term", "term"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term: `forms` are the ways it is written, the headword first.

    >>> Term(forms=("ebb", "ebbing"), definition="Less and less.").name
    'ebb'
    """

    forms: tuple[str, ...]
    definition: str

    @property
    def name(self) -> str:
        """Returns the headword.

        >>> term("serially").name
        'serial'
        """
        return self.forms[0]


GLOSSARY: Final[tuple[Term, ...]] = (
    Term(
        forms=("signal", "signals", "signalled", "signalling"),
        definition=(
            "One of the calls on_subscribe, on_next, on_error, on_complete, request(n) and cancel; "
            "to signal is to make such a call."
        ),
    ),
    Term(
        forms=("demand",),
        definition=(
            "How many elements a Subscriber has requested, over all its requests, that its "
            "Publisher has not delivered yet. To demand is to request more."
        ),
    ),
    Term(
        forms=("synchronous", "synchronously"),
        definition=(
            "On the thread of the caller, before the call returns. The opposite is done later or "
            "elsewhere: on another thread, or in a later turn of the same event loop."
        ),
    ),
    Term(
        forms=("return normally", "returns normally"),
        definition=(
            "To give back a value of the declared type and nothing else; in particular, not to "
            "raise. All methods here return None, so one that is an async def does not return "
            "normally: the coroutine it gives back would never be awaited. Failures reach a "
            "Subscriber through on_error only. KeyboardInterrupt, SystemExit and their like, which "
            "are no Exception, are outside all this: they pass through."
        ),
    ),
    Term(
        forms=("responsivity",),
        definition=(
            "Being able to answer. Here it stands for the duty of each component to leave the "
            "others theirs: to keep neither their thread nor their event loop busy for long."
        ),
    ),
    Term(
        forms=("non-obstructing",),
        definition=(
            "Said of a method which gives its caller's thread back as quickly as it can: no heavy "
            "computation, no sleep, no blocking I/O, no waiting for others."
        ),
    ),
    Term(
        forms=("terminal state",),
        definition=(
            "A Publisher is in it once it has signalled on_complete or on_error, a Subscriber once "
            "it has received one of them."
        ),
    ),
    Term(
        forms=("NOP", "NOPs"),
        definition=(
            "A call without any effect that its caller could notice, and which can therefore be "
            "repeated at will: it changes nothing, signals nothing and raises nothing."
        ),
    ),
    Term(
        forms=("serial", "serially"),
        definition=(
            "Without overlap. Calls on an object are serial if each one happens before the next: "
            "it is over, and all its effects can be seen, when the next one begins. Between "
            "threads that takes a lock, a queue or another means that Python documents as "
            "synchronizing; callbacks of one event loop are serial by themselves, those of two "
            "loops are not. The GIL is no substitute: it keeps single bytecodes apart, not calls."
        ),
    ),
    Term(
        forms=("thread-safe",),
        definition=(
            "Said of a method that may be called from any thread, at any time, without any "
            "precaution by the caller. It has to bring its own lock, or rest on operations that "
            "Python documents as thread-safe; the GIL does not make it so."
        ),
    ),
)
"""Every term, in the order of the specification."""

_BY_FORM: Final = {form.casefold(): each for each in GLOSSARY for form in each.forms}


def term(form: str, /) -> Term:
    """Returns the term that is written so, in any of its forms, in upper or lower case.

    Errors: `LookupError` for an unknown term; its message is one line, which names the terms near
    it, or all of them.

    >>> term("nop").forms
    ('NOP', 'NOPs')
    >>> term("thread safe")
    Traceback (most recent call last):
    LookupError: no term 'thread safe'; near it: thread-safe
    """
    wanted = " ".join(form.casefold().split())
    try:
        return _BY_FORM[wanted]
    except KeyError:
        close = get_close_matches(wanted, _BY_FORM)
        near = dict.fromkeys(_BY_FORM[each].name for each in close)
        hint = f"near it: {', '.join(near)}" if near else f"there are: {_names()}"
        raise LookupError(f"no term {form!r}; {hint}") from None


def _names() -> str:
    return ", ".join(each.name for each in GLOSSARY)
