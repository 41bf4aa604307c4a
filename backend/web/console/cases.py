"""One case: the exact words, why they worry us, who was told, and what was done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from backend.domain.concerns import Priority
from backend.domain.escalation import NOTE_REQUIRED, OUTCOME_WORDS
from backend.services import audit
from backend.services.cases import acting
from backend.services.invalid import Conflict, Invalid, NotFound
from backend.services.patients.timeline import case_timeline, outcome_named, texts_to_patient
from backend.store.database import db
from backend.store.escalations import ConcernRow, Escalation, EscalationEvent
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.store.texts import InboundMessage, OutboundMessage
from backend.web.console.answers import readings_of
from backend.web.console.blueprint import console
from backend.web.console.refreshing import etag, part, unchanged
from backend.web.console.shown import marked
from backend.web.current import house
from backend.web.security import actor, me, my_clinic, only_who_may_act

PAGING = frozenset(
    {"case_paged", "case_nobody", "case_page_lost", "case_step_empty", "case_acknowledged", "case_no_outcome"}
)


@dataclass(frozen=True, slots=True)
class Said:
    """One text of the case: the row, its words with the matches marked, and what was read from it."""

    text: InboundMessage
    words: str
    read: Sequence[str]


@console.get("/cases/<int:number>")
def case(number: int) -> str:
    found = _case(number)
    audit.record_view(found.clinic_id, actor(), "case_viewed", found.id, house().now())
    return _page(found)


@console.get("/live/cases/<int:number>/<which>")
def live_case(number: int, which: str) -> Response:
    """The part of the page that changes by itself: `top` or `rest`; 304 while nothing did."""
    if which not in ("top", "rest"):
        raise NotFound
    found = _case(number)
    mark = _mark(found, which)
    return unchanged(mark) or part(mark, f"console/_case_{which}.html", **_facts(found))


@console.post("/cases/<int:number>/acknowledge")
def acknowledge(number: int) -> AnyResponse:
    only_who_may_act()
    found = _case(number)
    try:
        acting.take((found.clinic_id, found.id), me(), "console", house())
    except Conflict as late:
        flash(str(late), "warning")
    else:
        flash(f"Case {number} is yours. Contact the patient, then record the outcome.", "done")
    return redirect(url_for("console.case", number=number))


@console.post("/cases/<int:number>/outcome")
def resolve(number: int) -> AnyResponse | tuple[str, int]:
    only_who_may_act()
    found = _case(number)
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "")
    try:
        acting.resolve((found.clinic_id, found.id), me(), outcome, note, house())
    except Invalid as invalid:
        faults = {"outcome": "choose what came of it"} if "outcome" in invalid.faults else invalid.faults
        return _page(_case(number), resolve_faults=faults, given={"outcome": outcome, "note": note}), 422
    except Conflict as late:
        flash(f"Not closed again: {late}.", "warning")
        return redirect(url_for("console.case", number=number))
    stays = " The hold after the crisis stays: only a clinician ends it, on the patient's page."
    flash(f"Case {number} is closed.{stays if _is_held(found) else ''}", "done")
    return redirect(url_for("console.queue"))


@console.post("/cases/<int:number>/notes")
def add_note(number: int) -> AnyResponse | tuple[str, int]:
    only_who_may_act()
    found = _case(number)
    words = request.form.get("words", "")
    try:
        acting.add_note((found.clinic_id, found.id), me(), words, house())
    except Invalid as invalid:
        return _page(_case(number), note_faults={"words": invalid.faults["note"]}, given={"words": words}), 422
    flash("The note is kept.", "done")
    return redirect(url_for("console.case", number=number))


def _is_held(found: Escalation) -> bool:
    patient = db.session.get(Patient, (found.clinic_id, found.patient_id)) if found.patient_id else None
    return patient is not None and patient.held_at is not None


def _case(number: int) -> Escalation:
    """Raises `NotFound` when this clinic has no such case (S12)."""
    found = db.session.scalars(
        select(Escalation).where(Escalation.clinic_id == my_clinic().id, Escalation.number == number)
    ).first()
    if found is None:
        raise NotFound
    return found


def _page(found: Escalation, **forms: object) -> str:
    no_forms: dict[str, object] = {"resolve_faults": {}, "note_faults": {}, "given": {}}
    return render_template(
        "console/case.html",
        outcomes=OUTCOME_WORDS,
        note_required=NOTE_REQUIRED,
        marks={which: _mark(found, which) for which in ("top", "rest")},
        **_facts(found),
        **(no_forms | forms),
    )


def _facts(found: Escalation) -> dict[str, object]:
    concerns = _concerns(found)
    entries = case_timeline(found)
    said = _said(found, concerns)
    country = my_clinic().country
    patient = db.session.get(Patient, (found.clinic_id, found.patient_id)) if found.patient_id else None
    return {
        "case": found,
        "priority": Priority(found.priority),
        "patient": patient,
        "number": patient.phone if patient else next((text.text.from_number for text in said), None),
        "holder": _person(found, found.acknowledged_by),
        "closer": _person(found, found.resolved_by),
        "concerns": concerns,
        "quotes": _quotes(said, concerns),
        "said": said,
        "sent": texts_to_patient(found),
        "paging": [entry for entry in entries if entry.kind in PAGING],
        "entries": entries,
        "outcome_words": outcome_named(found.outcome) if found.outcome else "",
        "pack": house().clinical.packs.get(patient.country if patient else country),
    }


def _concerns(found: Escalation) -> Sequence[ConcernRow]:
    of_case = select(ConcernRow).where(ConcernRow.clinic_id == found.clinic_id, ConcernRow.escalation_id == found.id)
    return db.session.scalars(of_case.order_by(ConcernRow.priority.desc(), ConcernRow.at.desc(), ConcernRow.id)).all()


def _said(found: Escalation, concerns: Sequence[ConcernRow]) -> list[Said]:
    """The texts of the case, newest first, each with what matched marked and what was read."""
    texts = db.session.scalars(
        select(InboundMessage)
        .where(InboundMessage.clinic_id == found.clinic_id, InboundMessage.escalation_id == found.id)
        .order_by(InboundMessage.received_at.desc())
    ).all()
    read = readings_of(texts)
    spans: dict[UUID | None, list[tuple[int, int]]] = {}
    for concern in concerns:
        if concern.span_start is not None and concern.span_end is not None:
            spans.setdefault(concern.inbound_id, []).append((concern.span_start, concern.span_end))
    return [Said(text, marked(text.body, spans.get(text.id, ())), read[text.id]) for text in texts]


def _quotes(said: Sequence[Said], concerns: Sequence[ConcernRow]) -> dict[UUID, str]:
    """The words each concern matched."""
    bodies = {text.text.id: text.text.body for text in said}
    return {
        concern.id: bodies[concern.inbound_id][concern.span_start : concern.span_end]
        for concern in concerns
        if concern.span_start is not None and concern.inbound_id in bodies
    }


def _person(found: Escalation, staff_id: UUID | None) -> Staff | None:
    return db.session.get(Staff, (found.clinic_id, staff_id)) if staff_id else None


def _mark(found: Escalation, which: str) -> str:
    """Changes with the case, its events and its texts' states, and every minute since waits are shown in minutes."""
    mine = (found.clinic_id, found.id)
    events = db.session.scalar(
        select(func.count()).where(EscalationEvent.clinic_id == mine[0], EscalationEvent.escalation_id == mine[1])
    )
    texts = db.session.execute(
        select(OutboundMessage.id, OutboundMessage.state)
        .where(OutboundMessage.clinic_id == mine[0], OutboundMessage.escalation_id == mine[1])
        .order_by(OutboundMessage.id)
    ).all()
    facts = (which, events, [tuple(row) for row in texts], found.priority, found.state, found.next_page_at)
    return etag(*facts, house().now().strftime("%H:%M"))
