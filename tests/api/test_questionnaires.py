"""Questionnaires that staff took: kept, listed, in the timeline, and before a person when they say so."""

from typing import Any

import pytest

from tests.api.caller import ANA, Caller, faults_of
from tests.town import Town

TAKEN = {"kind": "phq9", "total": 8, "item_9": 0, "taken_at": "2035-03-06T09:00:00-05:00"}


@pytest.fixture
def ana(call: Caller) -> str:
    found: str = call.post("/patients", ANA)["id"]
    return found


def test_it_keeps_them_newest_first(town: Town, call: Caller, ana: str) -> None:
    first = call.post(f"/patients/{ana}/questionnaires", TAKEN | {"taken_at": "2035-03-01T09:00:00-05:00"})
    second = call.post(f"/patients/{ana}/questionnaires", TAKEN | {"kind": "phq2", "total": 2, "item_9": None})
    assert (first.pop("case"), second.pop("case")) == (None, None)
    assert call.get(f"/patients/{ana}/questionnaires")["items"] == [second, first]
    entries = [entry for entry in call.get(f"/patients/{ana}/timeline")["items"] if entry["kind"] == "questionnaire"]
    assert [(entry["text"], entry["detail"]) for entry in entries] == [
        ("PHQ-2 taken: 2", ""),
        ("PHQ-9 taken: 8", "item 9: 0"),
    ]
    assert town.cases() == []


def test_it_says_which_case_it_opened(town: Town, call: Caller, ana: str) -> None:
    assert call.post(f"/patients/{ana}/questionnaires", TAKEN | {"item_9": 1})["case"] == 1
    assert (
        call.post(f"/patients/{ana}/questionnaires", TAKEN | {"kind": "phq2", "total": 6, "item_9": None})["case"] == 1
    )
    [case] = town.cases()
    assert case.priority == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "gad7"}, "kind"),
        ({"total": 28}, "total"),
        ({"kind": "phq2", "total": 7, "item_9": None}, "total"),
        ({"kind": "phq2", "total": 3}, "item_9"),
        ({"item_9": None}, "item_9"),
        ({"item_9": 4}, "item_9"),
        ({"total": 1, "item_9": 2}, "item_9"),
        ({"taken_at": "2035-03-07T09:00:00-05:00"}, "taken_at"),
        ({"taken_at": "2035-03-06T09:00:00"}, "taken_at"),
    ],
)
def test_it_names_what_is_wrong_and_keeps_nothing(call: Caller, ana: str, change: dict[str, Any], field: str) -> None:
    assert list(faults_of(call("POST", f"/patients/{ana}/questionnaires", TAKEN | change))) == [field]
    assert call.get(f"/patients/{ana}/questionnaires")["items"] == []
