"""The safety case on the live database: clean after a busy week, and every planted breach is named."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from backend.domain.concerns import Priority
from backend.domain.outbound import Kind
from backend.services.operating import verify
from backend.services.operating.health import beat
from backend.services.texting import outbox
from backend.store.check_ins import CheckIn, Score
from backend.store.escalations import ConcernRow, Escalation
from backend.store.patients import Patient, StandingEvent, Treatment
from backend.store.texts import InboundMessage, OutboundMessage
from backend.store.work import transaction
from tests.town import Town


def after_a_week(town: Town) -> None:
    """Ana answers, is in crisis, and is cared for."""
    ana = town.enrol_patient()
    town.treat(ana)
    town.wait(hours=26, step=timedelta(hours=1))
    town.phone_of(ana).texts("mood 7 pain 3").texts("N").texts("I want to die")
    town.phone_of(town.noor).texts("ACK")
    town.wait(days=3, step=timedelta(hours=4))
    with town.inside():
        beat("clock", town.house)


def breaches(town: Town) -> dict[str, int]:
    with town.inside():
        return {name: len(rows) for name, rows in verify.breaches(town.house).items() if rows}


def test_a_week_of_care_breaks_nothing(any_town: Town) -> None:
    after_a_week(any_town)
    assert breaches(any_town) == {}


Plant = Callable[[Town], object]
PLANTED: dict[str, tuple[str, Plant]] = {
    "a score without its text": ("S1", lambda _t: update(Score).values(inbound_id=Score.id)),
    "a text nobody read": ("S2", lambda _t: update(InboundMessage).values(processed_at=None, disposition=None)),
    "a concern without a case": (
        "S2",
        lambda _t: update(InboundMessage).values(disposition="answered").where(InboundMessage.priority > 0),
    ),
    "a text read without a screen": ("S3", lambda _t: update(InboundMessage).values(priority=None)),
    "a case without its reason": ("S3", lambda _t: delete(ConcernRow)),
    "a failed screen taken lightly": ("S4", lambda _t: update(ConcernRow).values(rule="screen-failed", priority=1)),
    "a case below its concern": ("S4", lambda _t: update(Escalation).values(priority=int(Priority.ROUTINE))),
    "a crisis text without 911": (
        "S5",
        lambda _t: update(OutboundMessage).values(body="Call 988.").where(OutboundMessage.kind == "crisis"),
    ),
    "a crisis without its reply": ("S6", lambda _t: delete(OutboundMessage).where(OutboundMessage.kind == "crisis")),
    "a lost crisis text untold": (
        "S6",
        lambda _t: update(OutboundMessage).values(state="failed").where(OutboundMessage.kind == "crisis"),
    ),
    "a case whose page is overdue": (
        "S7",
        lambda t: (
            update(Escalation)
            .values(next_page_at=t.clock.now() - timedelta(hours=1))
            .where(Escalation.resolved_at.is_(None))
        ),
    ),
    "a case with nobody": ("S7", lambda t: update(Escalation).values(unstaffed_since=t.clock.now())),
    "a case that no person closed": (
        "S8",
        lambda t: update(Escalation).values(
            resolved_at=t.clock.now(), outcome="reached", resolved_by=t.noor.id, next_page_at=None
        ),
    ),
    "a prompted check-in without its text": (
        "S9",
        lambda _t: delete(OutboundMessage).where(OutboundMessage.kind == "prompt"),
    ),
    "a text adrift": (
        "S9",
        lambda _t: (
            update(OutboundMessage).values(state="queued", lease_until=None).where(OutboundMessage.kind == "reply")
        ),
    ),
    "a prompt after opting out": (
        "S10",
        lambda t: update(Patient).values(opted_out_at=t.clock.now() - timedelta(days=30)),
    ),
    "a prompt at night": (
        "S10",
        lambda t: (
            update(OutboundMessage)
            .values(created_at=t.clock.now().replace(hour=7))
            .where(OutboundMessage.kind == "prompt")
        ),
    ),
    "a prompt after a discharge": (
        "S10",
        lambda t: update(Patient).values(discharged_at=t.clock.now() - timedelta(days=30)),
    ),
    "a prompt after a death": (
        "S10",
        lambda t: update(Patient).values(deceased_at=t.clock.now() - timedelta(days=30)),
    ),
    "a prompt to a number in doubt": (
        "S10",
        lambda t: insert(StandingEvent).values(
            clinic_id=t.clinic.id,
            patient_id=select(Patient.id).scalar_subquery(),
            kind="quarantined",
            actor="test",
            evidence="",
            at=t.clock.now() - timedelta(days=30),
        ),
    ),
    "a standing without its line": ("S10", lambda t: update(Patient).values(paused_at=t.clock.now())),
    "a hold that no clinician ended": (
        "S10",
        lambda t: update(StandingEvent).values(kind="hold_ended", staff_id=t.noor.id),
    ),
    "a hold that ended without a line": ("S10", lambda t: update(Patient).values(hold_ended_at=t.clock.now())),
    "a check-in left lying": (
        "S11",
        lambda t: update(CheckIn).values(
            prompted_at=None, answered_at=None, missed_at=None, send_by=t.clock.now() - timedelta(hours=1)
        ),
    ),
    "a check-in to come of a treatment that never was": (
        "S11",
        lambda t: update(Treatment).values(deleted_at=t.clock.now(), deleted_because="entered twice"),
    ),
    "a page that tells": (
        "S12",
        lambda _t: update(OutboundMessage).values(body="Ana wants to die").where(OutboundMessage.kind == "page"),
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_it_names_every_planted_breach(town: Town, what: str) -> None:
    after_a_week(town)
    invariant, plant = PLANTED[what]
    with town.inside(), transaction() as session:
        session.execute(plant(town), execution_options={"synchronize_session": False})  # type: ignore[call-overload] # any statement
    assert invariant in breaches(town), what


def test_it_notices_a_silent_clock(town: Town) -> None:
    with town.inside():
        beat("clock", town.house)
    assert breaches(town) == {}
    town.clock.advance(timedelta(minutes=5))
    assert breaches(town) == {"S11": 1}


def test_every_page_says_a_priority_and_a_case_and_no_more(town: Town) -> None:
    with town.inside():
        texts = town.house.clinical.texts
        with transaction():
            for name in texts.staff:
                if name.startswith("page"):
                    body = texts.for_staff(name, priority="stat", case=12)
                    outbox.to_number(town.clinic.id, "+15555550111", Kind.PAGE, name, body, town.clock.now())
        assert verify.breaches(town.house)["S12"] == []
        with transaction():
            body = "Aftercare test page: Ana, mood 2"
            outbox.to_number(town.clinic.id, "+15555550111", Kind.PAGE, "page_test", body, town.clock.now())
        assert len(verify.breaches(town.house)["S12"]) == 1
