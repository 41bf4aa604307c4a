"""Who may: a token of the clinic with the scope; everybody else learns nothing."""

import pytest
from sqlalchemy import select

from backend.services.clinic.accounts import SCOPES
from backend.store.audit import AuditEvent
from backend.store.database import db
from backend.store.staff import ApiToken
from backend.store.work import transaction
from tests.api.caller import Caller, problem_of
from tests.api.operations import OPERATIONS, filled
from tests.town import Town

ABOUT_ONE = [operation for operation in OPERATIONS if "{" in operation[1]]


def test_every_operation_is_tried_here(call: Caller) -> None:
    described = call.get("/openapi.json")["paths"]
    assert sum(len(path) for path in described.values()) == len({operation[:2] for operation in OPERATIONS})


def test_it_lets_a_token_with_just_the_scopes_in(town: Town, ids: dict[str, str]) -> None:
    for method, path, body, scopes in OPERATIONS:
        answer = Caller(town, town.token(*scopes))(method, path.format(**ids), filled(body, ids))
        assert answer.status_code in (200, 201), (method, path, answer.text)
        assert answer.headers["Cache-Control"] == "no-store"


def test_it_refuses_a_token_that_lacks_a_scope(town: Town, ids: dict[str, str]) -> None:
    for method, path, body, scopes in OPERATIONS:
        for lacking in scopes:
            others = Caller(town, town.token(*(set(SCOPES) - {lacking})))
            answer = others(method, path.format(**ids), filled(body, ids))
            assert lacking in problem_of(answer, 403)["detail"]
            assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_it_finds_nothing_of_another_clinic(town: Town, ids: dict[str, str], cass_calls: Caller) -> None:
    with town.inside():
        before = _acts()
    for method, path, body, _ in ABOUT_ONE:
        ours = {"staff_id": str(town.cass.id), "clinician_id": str(town.cass.id)}
        problem_of(cass_calls(method, path.format(**ids), filled(body, ids | ours)), 404)
    for listed in ("/patients", "/check-ins", "/escalations", f"/check-ins?patient_id={ids['patient_id']}"):
        assert cass_calls.get(listed)["items"] == []
    with town.inside():
        assert _acts() == before


def _acts() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer aftercare_x", "Basic YTpi", "Bearer \xff\xfe"])
def test_it_refuses_what_is_no_token(town: Town, header: str) -> None:
    for method, path, body, _ in OPERATIONS:
        nobody = "01890a5d-ac96-774b-bcce-b302099a8057"
        address = path.format(patient_id=nobody, treatment_id=nobody, escalation_id=nobody)
        answer = town.app.test_client().open(
            f"/api/v1{address}", method=method, json=body, headers={"Authorization": header}
        )
        problem_of(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_it_refuses_a_revoked_token(town: Town, call: Caller) -> None:
    call.get("/patients")
    with town.inside(), transaction() as session:
        session.scalars(select(ApiToken)).one().revoked_at = town.clock.now()
    problem_of(call("GET", "/patients"), 401)


def test_it_puts_every_look_on_record(town: Town, ids: dict[str, str]) -> None:
    reader = Caller(town, town.token("patients:read", "messages:read", "escalations:read"))
    looks = {
        "/patients": ("patient_viewed", "patient_id"),
        "/patients/{patient_id}": ("patient_viewed", "patient_id"),
        "/patients/{patient_id}/treatments": ("treatments_viewed", "patient_id"),
        "/patients/{patient_id}/timeline": ("timeline_viewed", "patient_id"),
        "/patients/{patient_id}/messages": ("messages_viewed", "patient_id"),
        "/escalations": ("case_viewed", "escalation_id"),
        "/escalations/{escalation_id}": ("case_viewed", "escalation_id"),
    }
    for path, (action, about) in looks.items():
        with town.inside():
            before = db.session.scalars(select(AuditEvent.id)).all()
        reader.get(path.format(**ids))
        with town.inside():
            (line,) = db.session.scalars(select(AuditEvent).where(AuditEvent.id.not_in(before)))
            assert (line.action, line.subject) == (action, ids[about])
            assert line.actor.startswith("token:")


def test_it_describes_itself_to_anyone(town: Town) -> None:
    answer = town.app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    described = answer.get_json()
    assert described["openapi"] == "3.1.0"
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
