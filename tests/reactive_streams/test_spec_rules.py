"""The 43 rules: complete, in order, worded for Python, and found by their id."""

import dataclasses
import re
import typing

import pytest

from reactive_streams.rules import RULES, Level, Party, Rule, rule

CHAPTERS = {"1": 11, "2": 13, "3": 17, "4": 2}

# What the specification demands, its first binding word, then all others.
LEVELS = {
    "1.2": ("MAY",),
    "1.7": ("REQUIRED",),
    "1.10": ("MAY", "MUST"),
    "1.11": ("MAY",),
    "2.2": ("RECOMMENDED",),
    "2.3": ("MUST NOT",),
    "3.4": ("SHOULD",),
    "3.9": ("MUST", "SHOULD"),
    "3.10": ("MAY",),
    "3.11": ("MAY",),
    "3.14": ("MAY",),
    "3.17": ("MUST", "MAY"),
    "4.2": ("MAY", "MUST"),
}

# What a reader with Python in hand has to find in the statement.
CITED = {
    "1.9": ["None", "TypeError", "on_error", "on_subscribe"],
    "2.12": ["=="],
    "2.13": ["None", "TypeError"],
    "3.9": ["n <= 0", "ValueError", "not an int", "TypeError", "bool", "on_error"],
    "3.17": ["2**63 - 1", "UNBOUNDED"],
}

JAVA = re.compile(
    r"\b(?:null|Null\w*|NPE|Illegal\w+|Throwable|Long|long n|JVM|Java|java\w*|void|throws?"
    r"|on(?:Next|Error|Complete|Subscribe))\b"
)

every_rule = pytest.mark.parametrize("each", RULES, ids=lambda each: each.id)


def binding_words(text: str) -> set[str]:
    return set(re.findall(r"\b(?:MUST NOT|MUST|REQUIRED|SHOULD|RECOMMENDED|MAY)\b", text))


def test_all_rules_in_the_order_of_the_specification():
    assert [each.id for each in RULES] == [
        f"{chapter}.{number}" for chapter, last in CHAPTERS.items() for number in range(1, last + 1)
    ]
    assert len(RULES) == 43


@every_rule
def test_levels_are_those_of_the_specification(each: Rule):
    assert (each.level, *each.also) == LEVELS.get(each.id, ("MUST",))


@every_rule
def test_level_says_which_binding_words_the_statement_holds(each: Rule):
    assert binding_words(each.statement) == {each.level, *each.also}
    assert binding_words(each.intent) == set()


@every_rule
def test_levels_and_parties_are_valid(each: Rule):
    assert {each.level, *each.also} <= set(typing.get_args(Level))
    assert each.binds
    assert set(each.binds) <= set(typing.get_args(Party))


def test_only_permissions_and_advice_are_not_mandatory():
    optional = [each.id for each in RULES if not each.mandatory]
    assert optional == ["1.2", "1.11", "2.2", "3.4", "3.10", "3.11", "3.14"]


@every_rule
def test_statement_and_intent_are_sentences(each: Rule):
    for text in (each.statement, each.intent):
        assert text.endswith(".")
        assert text == " ".join(text.split()), "a space is doubled, or missing at a line's end"
        assert not re.search(r"[a-z][.;:,][A-Za-z]", re.sub(r"\b\w+(?:\.\w+)+", "", text))
    assert each.statement != each.intent


@every_rule
def test_wording_is_that_of_python(each: Rule):
    assert not JAVA.search(each.statement + each.intent)
    for words in CITED.get(each.id, []):
        assert words in each.statement


@every_rule
def test_text_can_be_printed_anywhere(each: Rule):
    assert (each.statement + each.intent).isascii()


@every_rule
def test_rules_referred_to_exist(each: Rule):
    referred = re.findall(r"\b\d+\.\d+\b", each.statement + each.intent)
    assert [rule(other).id for other in referred] == referred


@pytest.mark.parametrize(
    "text", ["IllegalArgumentException", "null", "calls onNext", "a Throwable"]
)
def test_java_would_be_noticed(text: str):
    assert JAVA.search(text)


def test_no_text_is_given_twice():
    texts = [text for each in RULES for text in (each.statement, each.intent)]
    assert len(set(texts)) == len(texts)


def test_event_loops_and_the_gil_are_spoken_of():
    for needed, ids in {
        "event loop": ["1.3", "2.2", "2.7", "2.11"],
        "GIL": ["1.3", "2.11"],
    }.items():
        for each in map(rule, ids):
            assert needed in each.intent, f"{each.id} says nothing of: {needed}"


@every_rule
def test_rule_is_found_by_its_id(each: Rule):
    assert rule(each.id) is each
    assert rule(f"§{each.id}") is each
    assert rule(f" {each.id} ") is each


@pytest.mark.parametrize(
    ("unknown", "near"),
    [
        ("3.18", "3.15, 3.16, 3.17"),
        ("3.0", "3.1, 3.2, 3.3"),
        ("2.999", "2.11, 2.12, 2.13"),
        ("§1.12", "1.9, 1.10, 1.11"),
        ("0.1", "1.1, 1.2, 1.3"),
        ("7.1", "3.1, 4.1, 4.2"),
        ("317", "3.17"),
    ],
)
def test_unknown_id_is_answered_with_ids_near_it(unknown: str, near: str):
    with pytest.raises(LookupError) as caught:
        rule(unknown)
    assert str(caught.value).startswith(f"no rule {unknown!r}; near it: {near}")


@pytest.mark.parametrize("unknown", ["", "x", "three\nnine", "1." + "9" * 5000])
def test_unknown_id_is_answered_in_one_line_with_what_there_is(unknown: str):
    with pytest.raises(LookupError) as caught:
        rule(unknown)
    assert str(caught.value).endswith("there are 1.1-1.11, 2.1-2.13, 3.1-3.17, 4.1-4.2")
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_rules_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule("1.1").level = "MAY"  # type: ignore[misc]
    assert not hasattr(rule("1.1"), "__dict__")
    assert isinstance(RULES, tuple)
    assert {hash(each) for each in RULES}
