"""Enrolling and changing patients: all of it is right, or nothing is saved and each field is named."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from backend.store.audit import AuditEvent
from backend.store.database import db
from backend.store.patients import ConsentEvent, Patient, Treatment
from backend.store.texts import OutboundMessage
from tests.api.caller import ANA, Caller, faults_of, problem_of
from tests.town import Town


def _rows(town: Town) -> dict[str, int]:
    """How much is saved."""
    counted = (Patient, ConsentEvent, OutboundMessage, Treatment, AuditEvent)
    with town.inside():
        return {
            model.__tablename__: db.session.scalar(select(func.count()).select_from(model)) or 0 for model in counted
        }


def test_it_enrols_and_shows_what_was_given(town: Town, call: Caller) -> None:
    shown = call.post("/patients", ANA)
    assert {name: shown[name] for name in ANA if name != "consent"} == {n: v for n, v in ANA.items() if n != "consent"}
    assert shown["consent"] == {"given_at": "2035-03-01T15:00:00Z", "method": "written", "evidence": "form 12"}
    assert shown["consented_at"] == "2035-03-01T15:00:00Z"
    assert shown["opted_out_at"] is shown["held_at"] is shown["paused_at"] is shown["discharged_at"] is None
    assert call.get(f"/patients/{shown['id']}") == shown
    assert call.get("/patients")["items"] == [shown]
    town.settle()
    assert len(town.phone("+15555550120").received) == 1


def test_it_enrols_with_the_least_that_is_needed(call: Caller) -> None:
    least = {name: ANA[name] for name in ("given_name", "family_name", "phone", "timezone")}
    shown = call.post("/patients", least)
    assert (shown["language"], shown["country"], shown["track"], shown["flags"]) == ("en", "US", "both", [])
    assert shown["consent"] is shown["consented_at"] is None
    assert shown["baseline"] == {"mood": None, "pain": None}


def test_uk_is_another_name_for_gb_and_the_number_must_be_of_there(call: Caller) -> None:
    abroad = ANA | {"country": "UK", "phone": "+447400123456", "timezone": "Europe/London"}
    shown = call.post("/patients", abroad)
    assert shown["country"] == "GB"
    path = f"/patients/{shown['id']}"
    assert list(faults_of(call("PATCH", path, {"country": "NZ"}))) == ["phone"]
    assert list(faults_of(call("PATCH", path, {"language": "es"}))) == ["language"]
    moved = call("PATCH", path, {"country": "IE", "phone": "+353851234567", "timezone": "Europe/Dublin"})
    assert moved.get_json()["country"] == "IE"


CONSENT = {"given_at": "2035-03-01T10:00:00-05:00", "method": "written", "evidence": "form 12"}
BAD: list[tuple[str, Any, str, str]] = [
    ("phone", "555-0120", "phone", "+14155550100"),
    ("phone", "+44 20 7946 0958", "phone", "+1"),
    ("phone", 15555550120, "phone", "text"),
    ("timezone", "Mars/Olympus_Mons", "timezone", "America/New_York"),
    ("timezone", "../../etc/passwd", "timezone", "America/New_York"),
    ("language", "tlh", "language", "en, es"),
    ("country", "usa", "country", "US"),
    ("country", "ZZ", "country", "US"),
    ("track", "sleep", "track", "mood, pain, both"),
    ("flags", ["grumpy"], "flags.0", "bipolar"),
    ("given_name", "", "given_name", "at least 1"),
    ("given_name", "\ud83d", "given_name", "Unicode"),
    ("given_name", "\x00\x07", "given_name", "printable"),
    ("family_name", "x" * 121, "family_name", "at most 120"),
    ("family_name", None, "family_name", "text"),
    ("external_id", "", "external_id", "at least 1"),
    ("baseline", {"mood": 11}, "baseline.mood", "at most 10"),
    ("baseline", {"pain": -1}, "baseline.pain", "at least 0"),
    ("baseline", {"pain": 3.5}, "baseline.pain", "whole number"),
    ("baseline", {"pain": "3"}, "baseline.pain", "whole number"),
    ("baseline", {"pain": True}, "baseline.pain", "whole number"),
    ("baseline", {"joy": 3}, "baseline.joy", "not known"),
    ("consent", CONSENT | {"given_at": "2035-03-01T10:00:00"}, "consent.given_at", "offset"),
    ("consent", CONSENT | {"given_at": 1893456000}, "consent.given_at", "offset"),
    ("consent", CONSENT | {"given_at": "2036-01-01T00:00:00Z"}, "consent.given_at", "future"),
    ("consent", CONSENT | {"given_at": "2035-02-30T00:00:00Z"}, "consent.given_at", "no such day"),
    ("consent", CONSENT | {"given_at": "2035-99-99T99:99:99+99:99"}, "consent.given_at", "no such day"),
    ("consent", CONSENT | {"given_at": "0001-01-01T00:00:00+14:00"}, "consent.given_at", "year"),
    ("consent", CONSENT | {"method": "telepathy"}, "consent.method", "written"),
    ("consent", CONSENT | {"evidence": ""}, "consent.evidence", "at least"),
]


@pytest.mark.parametrize(("name", "value", "fault_at", "advice"), BAD)
def test_it_names_the_field_and_the_fix(shared: Caller, name: str, value: Any, fault_at: str, advice: str) -> None:
    before = _rows(shared.town)
    faults = faults_of(shared("POST", "/patients", ANA | {name: value}))
    assert advice in faults[fault_at]
    assert len(faults) == 1
    assert _rows(shared.town) == before


def test_it_names_all_faults_at_once(town: Town, call: Caller) -> None:
    before = _rows(town)
    bad = ANA | {"phone": "12", "timezone": "Nowhere", "baseline": {"mood": 99}, "track": "x", "given_name": ""}
    assert set(faults_of(call("POST", "/patients", bad))) == {
        "phone", "timezone", "baseline.mood", "track", "given_name",
    }  # fmt: skip
    assert _rows(town) == before


def test_it_refuses_a_second_patient_with_the_same_number_or_id(town: Town, call: Caller, cass_calls: Caller) -> None:
    call.post("/patients", ANA)
    before = _rows(town)
    assert list(faults_of(call("POST", "/patients", ANA | {"external_id": "ehr-9"}))) == ["phone"]
    assert list(faults_of(call("POST", "/patients", ANA | {"phone": "+15555550121"}))) == ["external_id"]
    assert _rows(town) == before
    cass_calls.post("/patients", ANA)


def test_it_changes_only_what_is_named(call: Caller) -> None:
    shown = call.post("/patients", ANA)
    path = f"/patients/{shown['id']}"
    change: dict[str, Any] = {"timezone": "America/Chicago", "external_id": None, "baseline": {"pain": 2}, "flags": []}
    changed = call("PATCH", path, change).get_json()
    expected = shown | change | {"baseline": {"mood": 5, "pain": 2}}
    assert changed == expected == call.get(path)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "body"),
        ([], "body"),
        ({"given_name": None}, "given_name"),
        ({"baseline": {"mood": None}}, "baseline.mood"),
        ({"phone": "+15555550121", "timezone": "x"}, "timezone"),
        ({"consent": {}}, "consent"),
        ({"id": "x"}, "id"),
    ],
)
def test_it_changes_nothing_when_a_field_is_wrong(call: Caller, change: Any, field: str) -> None:
    shown = call.post("/patients", ANA)
    path = f"/patients/{shown['id']}"
    assert list(faults_of(call("PATCH", path, change))) == [field]
    assert call.get(path) == shown


def test_it_pauses_resumes_and_discharges(call: Caller) -> None:
    path = f"/patients/{call.post('/patients', ANA)['id']}"
    assert call.post(f"{path}/pause", status=200)["paused_at"] is not None
    assert call.post(f"{path}/resume", status=200)["paused_at"] is None
    assert call.post(f"{path}/discharge", status=200)["discharged_at"] is not None
    assert "discharged" in problem_of(call("POST", f"{path}/resume"), 409)["detail"]


@settings(max_examples=40)
@given(words=st.text(min_size=12, max_size=60).map("ž{}".format))
def test_no_problem_repeats_what_was_sent(shared: Caller, words: str) -> None:
    """Whatever stands in a field, or is the name of one, does not come back (S12)."""
    posted = [
        {"given_name": words, "phone": words, "timezone": words, "language": words, "flags": [words], "track": words},
        {words: words, "consent": {words: 1, "given_at": words, "method": words}, "baseline": {words: words}},
    ]
    for body in posted:
        found = problem_of(shared("POST", "/patients", body), 422)
        said = [found["title"], found["detail"], *(part for fault in found["errors"] for part in fault.values())]
        assert not any(words in part for part in said)
