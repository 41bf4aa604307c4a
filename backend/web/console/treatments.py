"""Recording a treatment, and the plan it makes."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from backend.domain.protocol import ROUTES, SETTINGS
from backend.domain.schedule import Omitted, zone_named
from backend.services import audit
from backend.services.invalid import Conflict, Invalid, NotFound
from backend.services.patients import treatments
from backend.services.patients.enrolment import patient_of
from backend.services.patients.planning import plan_of
from backend.services.patients.treatments import NewTreatment, record_treatment
from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from backend.web.console.blueprint import console
from backend.web.console.forms import Form, as_given
from backend.web.current import house
from backend.web.security import actor, my_clinic, only_who_may_act

ROUTE_WORDS = {
    "iv": "Infusion (IV)",
    "im": "Injection (IM)",
    "nasal": "Nasal spray",
    "oral": "By mouth",
    "topical": "On the skin",
    "other": "Other",
}
SETTING_WORDS = {"clinic": "At the clinic", "home": "At home"}


@console.get("/patients/<uuid:patient_id>/treatments/new")
def new_treatment(patient_id: UUID) -> str:
    only_who_may_act()
    patient = patient_of(my_clinic().id, patient_id)
    here = house().now().astimezone(zone_named(my_clinic().timezone))
    given = {"ended_at": here.strftime("%Y-%m-%dT%H:%M"), "route": "iv", "setting": "clinic", "escort": "yes"}
    return _page(patient, {}, given)


@console.post("/patients/<uuid:patient_id>/treatments/new")
def add_treatment(patient_id: UUID) -> Response | tuple[str, int]:
    only_who_may_act()
    patient = patient_of(my_clinic().id, patient_id)
    form = Form()
    wanted = _treatment(form)
    try:
        recorded = record_treatment(patient, wanted, actor(), house())
    except Invalid as invalid:
        return _page(patient_of(my_clinic().id, patient_id), form.all_faults(invalid), as_given()), 422
    except Conflict as refused:
        flash(f"Not recorded: {refused}.", "warning")
        return redirect(url_for("console.patient", patient_id=patient_id))
    flash("The treatment is recorded.", "done")
    return redirect(url_for("console.plan", patient_id=patient_id, treatment_id=recorded.treatment.id))


@console.get("/patients/<uuid:patient_id>/treatments/<uuid:treatment_id>/correct")
def correct(patient_id: UUID, treatment_id: UUID) -> str:
    only_who_may_act()
    patient, treatment = _found(patient_id, treatment_id)
    return _page(patient, {}, _as_form(treatment), treatment)


@console.post("/patients/<uuid:patient_id>/treatments/<uuid:treatment_id>/correct")
def correct_treatment(patient_id: UUID, treatment_id: UUID) -> Response | tuple[str, int]:
    """Change what was recorded; the check-ins that are still to come move with it."""
    only_who_may_act()
    patient, treatment = _found(patient_id, treatment_id)
    form = Form()
    wanted = _treatment(form)
    changes = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    key = (patient.clinic_id, treatment_id)
    try:
        treatments.correct_treatment(key, changes, actor(), house())
    except Invalid as invalid:
        patient, treatment = _found(patient_id, treatment_id)
        return _page(patient, form.all_faults(invalid), as_given(), treatment), 422
    except Conflict as refused:
        flash(f"Not corrected: {refused}.", "warning")
        return redirect(url_for("console.patient", patient_id=patient_id))
    flash("The treatment is corrected, and what is still to come is planned anew.", "done")
    return redirect(url_for("console.plan", patient_id=patient_id, treatment_id=treatment_id))


@console.post("/patients/<uuid:patient_id>/treatments/<uuid:treatment_id>/delete")
def delete_treatment(patient_id: UUID, treatment_id: UUID) -> Response:
    """Take back a treatment that never was; it stays on record with the reason."""
    only_who_may_act()
    patient, _ = _found(patient_id, treatment_id)
    try:
        treatments.delete_treatment((patient.clinic_id, treatment_id), Form().text("because"), actor(), house())
    except Invalid as invalid:
        flash(f"Not deleted: {invalid.faults['because']}.", "warning")
        return redirect(url_for("console.plan", patient_id=patient_id, treatment_id=treatment_id))
    flash("The treatment is deleted. What an earlier one had planned is planned again.", "done")
    return redirect(url_for("console.patient", patient_id=patient_id))


def _found(patient_id: UUID, treatment_id: UUID) -> tuple[Patient, Treatment]:
    """The patient and the treatment of theirs, also a deleted one. Raises `NotFound`."""
    patient = patient_of(my_clinic().id, patient_id)
    treatment = db.session.get(Treatment, (patient.clinic_id, treatment_id))
    if treatment is None or treatment.patient_id != patient.id:
        raise NotFound
    return patient, treatment


@console.get("/patients/<uuid:patient_id>/treatments/<uuid:treatment_id>")
def plan(patient_id: UUID, treatment_id: UUID) -> str:
    """What a treatment planned, in the patient's own time, and what it left out."""
    patient, treatment = _found(patient_id, treatment_id)
    audit.record_view(patient.clinic_id, actor(), "patient_viewed", patient.id, house().now())
    planned = db.session.scalars(
        select(CheckIn)
        .where(CheckIn.clinic_id == patient.clinic_id, CheckIn.treatment_id == treatment.id)
        .order_by(CheckIn.due_at)
    ).all()
    return render_template(
        "console/plan.html",
        patient=patient,
        treatment=treatment,
        planned=planned,
        omitted=_left_out(patient, treatment, {check_in.name for check_in in planned}),
        routes=ROUTE_WORDS,
        protocol=house().protocol_of(my_clinic()),
    )


def _left_out(patient: Patient, treatment: Treatment, there: set[str]) -> Sequence[Omitted]:
    """Why the other check-ins of the protocol are not there. They are not kept, so the plan is worked out once more, as
    it was when the treatment was recorded; what it would plan today but did not then is named all the same.
    """
    _, omitted = plan_of(treatment, patient, my_clinic(), house(), treatment.created_at)
    reasons = {left.name: left.reason for left in omitted}
    rules = house().protocol_of(my_clinic()).check_ins
    missing = (rule.name for rule in rules if rule.name not in there)
    return [Omitted(name, reasons.get(name, "not in the plan as it was made then")) for name in missing]


def _treatment(form: Form) -> NewTreatment:
    scores = {measure: form.score(f"baseline.{measure}") for measure in ("mood", "pain")}
    return NewTreatment(
        ended_at=form.moment("ended_at", zone_named(my_clinic().timezone)),
        route=form.text("route"),
        setting=form.text("setting"),
        series_id=form.text("series_id")[:80] or None,
        baseline={measure: value for measure, value in scores.items() if value is not None},
        escort=form.ticked("escort"),
        co_sedative=form.ticked("co_sedative"),
    )


def _as_form(row: Treatment) -> dict[str, object]:
    """What is recorded of a treatment, as the form holds it."""
    ended_at = row.ended_at.astimezone(zone_named(my_clinic().timezone))
    given = {"ended_at": ended_at.strftime("%Y-%m-%dT%H:%M"), "route": row.route, "setting": row.setting}
    ticked = {name: "yes" for name, holds in (("escort", row.escort), ("co_sedative", row.co_sedative)) if holds}
    scores = {"baseline.mood": row.baseline_mood, "baseline.pain": row.baseline_pain}
    known = {name: str(value) for name, value in scores.items() if value is not None}
    return {**given, **ticked, **known, "series_id": row.series_id or ""}


def _page(
    patient: Patient, faults: Mapping[str, str], given: Mapping[str, object], treatment: Treatment | None = None
) -> str:
    return render_template(
        "console/treatment.html",
        patient=patient,
        treatment=treatment,
        faults=faults,
        given=given,
        routes={route: ROUTE_WORDS[route] for route in ROUTES},
        settings={setting: SETTING_WORDS[setting] for setting in SETTINGS},
    )
