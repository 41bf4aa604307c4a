"""The patients: the list, and one patient with everything that happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from backend.domain.consent import CHANNELS, refusal, refusal_of_words
from backend.domain.questionnaires import NAMES as QUESTIONNAIRE_NAMES
from backend.domain.roles import CLINICIANS
from backend.domain.schedule import zone_named
from backend.domain.scores import Measure
from backend.services import audit
from backend.services.invalid import Conflict, Invalid
from backend.services.patients import standing
from backend.services.patients.enrolment import patient_of
from backend.services.patients.response import pain_response
from backend.services.patients.standing import standing_of
from backend.services.patients.timeline import Entry, timeline_of
from backend.services.texting.messages import send_to_patient
from backend.store.check_ins import CheckIn, Score
from backend.store.database import db
from backend.store.escalations import Escalation
from backend.store.patients import Patient, Treatment
from backend.web.console.answers import UNASKED, corrections_of, doubts_of
from backend.web.console.blueprint import console
from backend.web.console.sparkline import Chart, chart_of
from backend.web.current import house
from backend.web.security import actor, may_act, me, my_clinic, only_who_may_act

SHORTEST_NUMBER = 4
CONSENT_METHODS = ("written", "verbal", "electronic")
SHOWN_AT_ONCE = 24
ACTS = {"pause": "paused", "resume": "getting check-ins again", "discharge": "discharged"}


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list: the patient, the last score of each measure, what comes next and what keeps it back."""

    patient: Patient
    mood: Score | None
    pain: Score | None
    next_due_at: datetime | None
    refused: str | None
    open_case: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """One line of the score table: what was said at one time."""

    at: datetime
    mood: int | None
    pain: int | None
    note: str


@console.get("/patients")
def patients() -> str:
    wanted = request.args.get("q", "").strip()[:120]
    audit.record_view(my_clinic().id, actor(), "patients_listed", my_clinic().id, house().now())
    everybody = db.session.scalars(select(Patient).where(Patient.clinic_id == my_clinic().id)).all()
    found = [patient for patient in everybody if not wanted or _fits(patient, wanted)]
    found.sort(
        key=lambda patient: (patient.discharged_at is not None, patient.family_name.casefold(), patient.given_name)
    )
    return render_template("console/patients.html", rows=_listed(found), wanted=wanted, count=len(everybody))


def _fits(patient: Patient, wanted: str) -> bool:
    """By a part of the name, or by the whole number however it is written."""
    digits = "".join(character for character in wanted if character.isdigit())
    if len(digits) >= SHORTEST_NUMBER and not any(character.isalpha() for character in wanted):
        return patient.phone.removeprefix("+").endswith(digits) and len(digits) >= len(patient.phone) - 3
    return wanted.casefold() in patient.name.casefold()


def _listed(found: Sequence[Patient]) -> list[Listed]:
    clinic_id = my_clinic().id
    moods, pains = _last_scores(clinic_id, Measure.MOOD), _last_scores(clinic_id, Measure.PAIN)
    coming = _next_due(clinic_id)
    open_numbers = {
        row.patient_id: row.number
        for row in db.session.execute(
            select(Escalation.patient_id, Escalation.number).where(
                Escalation.clinic_id == clinic_id, Escalation.resolved_at.is_(None)
            )
        )
    }
    return [
        Listed(p, moods.get(p.id), pains.get(p.id), coming.get(p.id), refusal(standing_of(p)), open_numbers.get(p.id))
        for p in found
    ]


def _last_scores(clinic_id: UUID, measure: Measure) -> dict[UUID, Score]:
    mine = (Score.clinic_id == clinic_id, Score.measure == measure.value)
    newest = select(Score.patient_id, func.max(Score.at).label("at")).where(*mine).group_by(Score.patient_id).subquery()
    joined = (
        select(Score).where(*mine).join(newest, (Score.patient_id == newest.c.patient_id) & (Score.at == newest.c.at))
    )
    return {score.patient_id: score for score in db.session.scalars(joined)}


def _next_due(clinic_id: UUID) -> dict[UUID, datetime]:
    waiting = (CheckIn.clinic_id == clinic_id, CheckIn.prompted_at.is_(None), CheckIn.skipped_at.is_(None))
    rows = db.session.execute(
        select(CheckIn.patient_id, func.min(CheckIn.due_at).label("due_at"))
        .where(*waiting)
        .group_by(CheckIn.patient_id)
    )
    return {row.patient_id: row.due_at for row in rows}


# One patient ---------------------------------------------------------------------------------------------------------


@console.get("/patients/<uuid:patient_id>")
def patient(patient_id: UUID) -> str:
    found = patient_of(my_clinic().id, patient_id)
    audit.record_view(found.clinic_id, actor(), "patient_viewed", found.id, house().now())
    return page_of(found)


@console.post("/patients/<uuid:patient_id>/standing")
def set_standing(patient_id: UUID) -> Response:
    """Pause, resume or discharge. A hold after a crisis is a clinician's to end."""
    only_who_may_act()
    act = request.form.get("act", "")
    found = patient_of(my_clinic().id, patient_id)
    if act not in ACTS:
        abort(400)
    if act == "resume" and found.held_at is not None and me().role not in CLINICIANS:
        abort(403)
    try:
        note = request.form.get("note", "").strip()[:400]
        standing.set_standing((found.clinic_id, found.id), act, actor(), house(), clinician=me(), evidence=note)
    except Conflict as late:
        flash(str(late), "warning")
    else:
        flash(f"The patient is {ACTS[act]}.", "done")
    return redirect(url_for("console.patient", patient_id=patient_id))


@console.post("/patients/<uuid:patient_id>/messages")
def send_message(patient_id: UUID) -> Response | tuple[str, int]:
    only_who_may_act()
    found = patient_of(my_clinic().id, patient_id)
    body = request.form.get("body", "")[:2000]
    try:
        send_to_patient(found, body, actor(), house())
    except Invalid as invalid:
        return page_of(patient_of(my_clinic().id, patient_id), faults=invalid.faults, body=body), 422
    except Conflict as refused:
        flash(f"Not sent: {refused}.", "warning")
    else:
        flash("The text is on its way. The timeline shows whether it arrived.", "done")
    return redirect(url_for("console.patient", patient_id=patient_id))


def page_of(
    found: Patient,
    *,
    faults: dict[str, str] | None = None,
    body: str = "",
    given: Mapping[str, object] | None = None,
) -> str:
    """The patient's page; with faults, what was typed stands in its forms again."""
    here = house().now().astimezone(zone_named(my_clinic().timezone))
    minute = here.strftime("%Y-%m-%dT%H:%M")
    usual = {
        "kind": "phq9",
        "taken_at": minute,
        "consent.given_at": minute,
        "birth.born_on": found.born_on or "",
    }
    return render_template(
        "console/patient.html",
        faults=faults or {},
        body=body,
        given=given or usual,
        newest=SHOWN_AT_ONCE,
        **_facts(found),
        **_standing_facts(found),
    )


def _standing_facts(found: Patient) -> dict[str, object]:
    """How the patient stands with the clinic's texts, in words, and what may be documented about it."""
    current = standing_of(found)
    return {
        "refused": refusal(current),
        "no_words": refusal_of_words(current),
        "methods": CONSENT_METHODS,
        "channels": [(channel, channel.replace("_", " ")) for channel in CHANNELS],
        "is_clinician": me().role in CLINICIANS,
        "at_risk": "si_baseline" in found.flags or found.held_at is not None,
    }


def _facts(found: Patient) -> dict[str, object]:
    scores = _all_of(Score, Score.at, found)
    treatments = _all_of(Treatment, Treatment.ended_at, found)
    check_ins = _all_of(CheckIn, CheckIn.due_at, found)
    return {
        "patient": found,
        "answers": _answers(scores, corrections_of(found)),
        "doubts": doubts_of(check_ins),
        "charts": charts(scores, treatments),
        "treatments": [(t, [c for c in check_ins if c.treatment_id == t.id]) for t in reversed(treatments)],
        "pain_response": pain_response(found, house()),
        "questionnaires": QUESTIONNAIRE_NAMES.items(),
        "entries": _past(timeline_of(found.clinic_id, found.id), house().now()),
        "open_cases": _open_cases(found),
        "may_resume": may_act() and (found.held_at is None or me().role in CLINICIANS),
        "pack": house().clinical.packs.get(found.country),
    }


def charts(scores: Sequence[Score], treatments: Sequence[Treatment]) -> list[tuple[str, Chart]]:
    """A small chart of each measure, with the treatments in it."""
    ended = [treatment.ended_at for treatment in treatments if treatment.deleted_at is None]
    by_measure = ((m, [(s.at, s.value) for s in scores if s.measure == m.value]) for m in Measure)
    return [(measure.value, chart_of(points, ended)) for measure, points in by_measure if points]


def _all_of(model: Any, at: Any, found: Patient) -> Sequence[Any]:
    """The patient's rows of one kind, oldest first."""
    mine = select(model).where(model.clinic_id == found.clinic_id, model.patient_id == found.id)
    return db.session.scalars(mine.order_by(at)).all()


def _answers(scores: Sequence[Score], corrections: Mapping[datetime, str]) -> list[Answered]:
    """One line a text, newest first."""
    lines = []
    for (at, unasked), given in groupby(scores, key=lambda score: (score.at, score.check_in_id is None)):
        values = {score.measure: score.value for score in given}
        note = UNASKED.capitalize() + "." if unasked else corrections.get(at, "")
        lines.append(Answered(at, values.get("mood"), values.get("pain"), note))
    return lines[::-1]


def _past(entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """What has happened. Plans stand with their treatment; check-ins that a newer treatment replaced say nothing."""
    return [entry for entry in entries if entry.at <= now and entry.detail != "a newer treatment"]


def _open_cases(found: Patient) -> Sequence[Escalation]:
    mine = (Escalation.clinic_id == found.clinic_id, Escalation.patient_id == found.id)
    return db.session.scalars(select(Escalation).where(*mine, Escalation.resolved_at.is_(None))).all()
