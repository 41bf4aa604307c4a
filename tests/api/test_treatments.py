"""Treatments and the check-ins they plan."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.caller import ANA, TREATMENT, Caller, faults_of, problem_of
from tests.town import Town


@pytest.fixture
def ana(call: Caller) -> str:
    found: str = call.post("/patients", ANA)["id"]
    return found


def test_it_shows_the_plan(call: Caller, ana: str) -> None:
    planned = call.post(f"/patients/{ana}/treatments", TREATMENT | {"series_id": "s-1", "baseline": {"mood": 4}})
    assert planned["ended_at"] == "2035-03-06T14:00:00Z"
    assert (planned["route"], planned["series_id"], planned["escort"]) == ("iv", "s-1", True)
    assert planned["baseline"] == {"mood": 4, "pain": None}
    check_ins = planned.pop("check_ins")
    assert len(check_ins) >= 3
    assert [c["due_at"] for c in check_ins] == sorted(c["due_at"] for c in check_ins)
    assert {c["state"] for c in check_ins} == {"planned"}
    assert all(omitted["reason"] for omitted in planned.pop("omitted"))
    assert call.get(f"/patients/{ana}/treatments")["items"] == [planned]
    assert call.get("/check-ins")["items"] == check_ins


def test_a_newer_treatment_skips_the_older_plan(call: Caller, ana: str) -> None:
    first = call.post(f"/patients/{ana}/treatments", TREATMENT | {"ended_at": "2035-03-05T09:00:00-05:00"})
    call.post(f"/patients/{ana}/treatments", TREATMENT)
    skipped = call.get("/check-ins?state=skipped")["items"]
    assert {c["id"] for c in skipped} == {c["id"] for c in first["check_ins"]}
    assert {c["skipped_because"] for c in skipped} >= {"a newer treatment"}


def test_it_filters_check_ins(town: Town, call: Caller, ana: str) -> None:
    planned = call.post(f"/patients/{ana}/treatments", TREATMENT)["check_ins"]
    town.wait(hours=34, step=timedelta(hours=1))
    town.phone("+15555550120").texts("7 3").texts("N")
    answered = call.get(f"/check-ins?state=answered&patient_id={ana}")["items"]
    assert [(c["name"], c["scores"]) for c in answered] == [(planned[1]["name"], {"mood": 7, "pain": 3})]
    assert [c["id"] for c in call.get("/check-ins?state=planned")["items"]] == [c["id"] for c in planned[2:]]
    second = planned[1]["due_at"]
    assert [c["id"] for c in call.get(f"/check-ins?until={second}")["items"]] == [planned[0]["id"]]
    assert [c["id"] for c in call.get(f"/check-ins?from={second}")["items"]] == [c["id"] for c in planned[1:]]
    assert list(faults_of(call("GET", "/check-ins?from=2035-03-06T09:00:00"))) == ["from"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ended_at": "2035-03-06T09:00:00"}, "ended_at"),
        ({"ended_at": 1}, "ended_at"),
        ({"ended_at": "2035-04-06T09:00:00Z"}, "ended_at"),
        ({"ended_at": "2031-03-06T09:00:00Z"}, "ended_at"),
        ({"route": "rectal"}, "route"),
        ({"setting": "bus"}, "setting"),
        ({"baseline": {"mood": 12}}, "baseline.mood"),
        ({"escort": "yes"}, "escort"),
        ({"series_id": "x" * 81}, "series_id"),
        ({"dose_mg": 40}, "dose_mg"),
    ],
)
def test_it_names_what_is_wrong_and_plans_nothing(call: Caller, ana: str, change: dict[str, Any], field: str) -> None:
    assert list(faults_of(call("POST", f"/patients/{ana}/treatments", TREATMENT | change))) == [field]
    assert call.get("/check-ins")["items"] == call.get(f"/patients/{ana}/treatments")["items"] == []


def test_a_discharged_patient_gets_no_plan(call: Caller, ana: str) -> None:
    call.post(f"/patients/{ana}/discharge", status=200)
    problem_of(call("POST", f"/patients/{ana}/treatments", TREATMENT), 409)
