"""The glossary: the terms of the specification, each of them used, each found in all its forms."""

import dataclasses
import re

import pytest

from reactive_streams.glossary import GLOSSARY, Term, term
from reactive_streams.rules import RULES

every_term = pytest.mark.parametrize("each", GLOSSARY, ids=lambda each: each.name)


def test_all_terms_in_the_order_of_the_specification():
    assert [each.name for each in GLOSSARY] == [
        "signal",
        "demand",
        "synchronous",
        "return normally",
        "responsivity",
        "non-obstructing",
        "terminal state",
        "NOP",
        "serial",
        "thread-safe",
    ]


@every_term
def test_term_is_used_by_a_rule(each: Term):
    used = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, each.forms))})(?![\w-])")
    assert any(used.search(one.statement + " " + one.intent) for one in RULES)


@every_term
def test_definition_is_text_that_can_be_printed_anywhere(each: Term):
    assert each.definition.endswith(".")
    assert each.definition == " ".join(each.definition.split())
    assert each.definition.isascii()


def test_no_form_belongs_to_two_terms():
    forms = [form.casefold() for each in GLOSSARY for form in each.forms]
    assert len(set(forms)) == len(forms)


@every_term
def test_term_is_found_by_each_of_its_forms(each: Term):
    for form in each.forms:
        assert term(form) is each
        assert term(form.upper()) is each
        assert term(f"  {form.replace(' ', '   ')} ") is each


@pytest.mark.parametrize(
    ("unknown", "near"),
    [("sgnal", "signal"), ("thread safe", "thread-safe"), ("Serialy", "serial")],
)
def test_unknown_term_is_answered_with_terms_near_it(unknown: str, near: str):
    with pytest.raises(LookupError, match=rf"^no term {unknown!r}; near it: {near}\b"):
        term(unknown)


@pytest.mark.parametrize("unknown", ["", "zzz", "a\nb"])
def test_unknown_term_is_answered_in_one_line_with_all_there_are(unknown: str):
    with pytest.raises(LookupError) as caught:
        term(unknown)
    names = ", ".join(each.name for each in GLOSSARY)
    assert str(caught.value) == f"no term {unknown!r}; there are: {names}"


def test_terms_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        term("demand").definition = "Anything."  # type: ignore[misc]
    assert not hasattr(term("demand"), "__dict__")
