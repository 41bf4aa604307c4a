"""A lexicon that is wrong does not load, and says everything that is wrong with it."""

from typing import Any

import pytest

from backend.domain.concerns import Priority
from backend.domain.reading.lexicon import build_lexicon
from tests.domain.reading import LANGUAGES, lexicon


def rule(**changes: Any) -> dict[str, Any]:
    return {
        "id": "x.rule",
        "family": "distress",
        "level": "urgent",
        "reply": "soft",
        "why": "Because.",
        "source": "CLINICAL 5",
        "says": ["so|very sad"],
        "examples": ["so sad"],
        "counter_examples": ["happy"],
    } | changes


def faults(document: dict[str, Any]) -> str:
    with pytest.raises(ValueError, match=r".+") as caught:
        build_lexicon("en", document)
    return str(caught.value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_loads_the_lexicons_we_ship(language: str) -> None:
    loaded = lexicon(language)
    assert len({found.id for found in loaded.rules}) == len(loaded.rules)
    assert all(found.why and found.source and found.examples for found in loaded.rules)
    assert {found.reply for found in loaded.rules if found.level is Priority.STAT} <= {"crisis", "medical"}


def test_it_names_every_fault_at_once() -> None:
    said = faults(
        {
            "rule": [
                rule(level="dire"),
                rule(),
                rule(id="x.empty", says=[], reply="poem"),
                rule(id="x.term", says=["NOWHERE"]),
                rule(id="x.gap", says=["sad ~99 day"]),
                rule(id="x.open", says=["sad ~2"]),
                rule(id="x.late", timing={"expected_within": "soon", "abnormal_from": 24, "abnormal_level": "asap"}),
            ]
        }
    )
    for part in (
        "unknown level 'dire'",
        "used twice",
        "what it says is empty",
        "unknown reply 'poem'",
        "there is no term 'NOWHERE'",
    ):
        assert part in said
    assert "a gap is ~1 to" in said
    assert "must begin and end with something that has to be there" in said
    assert "expected_within must be a number of hours" in said


def test_it_wants_every_example_met() -> None:
    assert "misses its example 'glad'" in faults({"rule": [rule(examples=["glad"])]})


def test_it_wants_no_counter_example_met() -> None:
    assert "matches its counter-example 'so sad today'" in faults({"rule": [rule(counter_examples=["so sad today"])]})


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"rule": "none"},
        {"rule": [rule()], "terms": 3},
        {"rule": [rule()], "context": []},
        {"rule": [rule()], "context": {"denials": ["not"]}},
        {"rule": [rule()], "context": {"denial": "not"}},
        {"rule": [rule()], "terms": {"what": {"small": ["sad"]}}},
        {"rule": [rule()], "terms": {"what": {"EMPTY": [" "]}}},
        {"rule": [rule()], "terms": {"what": {"NOTHING": ["sad?"]}}},
        {"rule": [rule()], "terms": {"what": {"MANY": ["a|b|c|d|e|f|g|h|i|j " * 6]}}},
        {"rule": [rule()], "spellings": {"sad": ["s a d"]}},
    ],
)
def test_it_refuses_what_is_no_lexicon(document: dict[str, Any]) -> None:
    assert faults(document)


def test_it_refuses_a_pattern_that_matches_nothing() -> None:
    assert "something that has to be there" in faults({"rule": [rule(says=["sad?"])]})


def test_it_refuses_an_empty_choice() -> None:
    assert "empty choice" in faults({"rule": [rule(says=["so|"])]})


def test_terms_that_are_made_of_themselves_are_refused() -> None:
    assert "made of itself" in faults({"terms": {"what": {"LOOP": ["LOOP"]}}, "rule": [rule(says=["sad LOOP"])]})
