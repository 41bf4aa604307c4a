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


def patched(call: Caller, path: str, changes: dict[str, Any]) -> Any:
    answer = call("PATCH", path, changes)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


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


def test_it_corrects_a_treatment_and_plans_anew(call: Caller, ana: str) -> None:
    treatment = call.post(f"/patients/{ana}/treatments", TREATMENT)
    path = f"/patients/{ana}/treatments/{treatment['id']}"
    corrected = patched(call, path, {"ended_at": "2035-03-05T16:00:00-05:00", "setting": "home"})
    assert corrected["setting"] == "home"
    assert corrected["route"] == "iv"
    due = {planned["name"]: planned["due_at"] for planned in corrected["check_ins"]}
    assert due["day_3"] == "2035-03-08T15:00:00Z"


def test_it_deletes_a_treatment_with_a_reason(call: Caller, ana: str) -> None:
    treatment = call.post(f"/patients/{ana}/treatments", TREATMENT)
    path = f"/patients/{ana}/treatments/{treatment['id']}"
    deleted = call.post(f"{path}/delete", {"because": "entered for the wrong patient"}, status=200)
    assert deleted["deleted_because"] == "entered for the wrong patient"
    states = {planned["state"] for planned in call.get(f"/check-ins?patient_id={ana}")["items"]}
    assert states == {"skipped"}
    assert call("PATCH", path, {"route": "im"}).status_code == 404


def test_a_treatment_of_another_patient_is_not_found(call: Caller, ana: str) -> None:
    bo = call.post("/patients", ANA | {"phone": "+15555550121", "external_id": "x1"})
    treatment = call.post(f"/patients/{ana}/treatments", TREATMENT)
    path = f"/patients/{bo['id']}/treatments/{treatment['id']}"
    assert call("PATCH", path, {"route": "im"}).status_code == 404


def test_a_patients_own_hours_come_back_as_they_were_given(call: Caller) -> None:
    ana = call.post("/patients", ANA | {"window": {"opens": "14:00", "closes": "18:30"}})
    assert ana["window"] == {"opens": "14:00", "closes": "18:30"}
    changed = patched(call, f"/patients/{ana['id']}", {"window": {"opens": None, "closes": None}})
    assert changed["window"] == {"opens": None, "closes": None}
    refused = call("PATCH", f"/patients/{ana['id']}", {"window": {"opens": "21:00", "closes": "23:00"}})
    assert "window" in faults_of(refused)
