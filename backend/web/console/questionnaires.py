"""A questionnaire that staff took, entered on the patient's page."""

from uuid import UUID

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from backend.domain.schedule import zone_named
from backend.services.invalid import Invalid
from backend.services.patients.enrolment import patient_of
from backend.services.patients.questionnaires import NewQuestionnaire, record_questionnaire
from backend.web.console.blueprint import console
from backend.web.console.forms import NO_SCORE, Form, as_given
from backend.web.console.patients import page_of
from backend.web.current import house
from backend.web.security import actor, my_clinic, only_who_may_act


@console.post("/patients/<uuid:patient_id>/questionnaires")
def add_questionnaire(patient_id: UUID) -> Response | tuple[str, int]:
    only_who_may_act()
    found, form = patient_of(my_clinic().id, patient_id), Form()
    total = form.whole("total")
    new = NewQuestionnaire(
        kind=form.text("kind"),
        total=NO_SCORE if total is None else total,
        item_9=form.whole("item_9"),
        taken_at=form.moment("taken_at", zone_named(my_clinic().timezone)),
    )
    try:
        recorded = record_questionnaire(found, new, actor(), house())
    except Invalid as invalid:
        again = patient_of(my_clinic().id, patient_id)
        return page_of(again, faults=form.all_faults(invalid), given=as_given()), 422
    case = f" It is before a person as case {recorded.case}." if recorded.case else ""
    flash(f"The questionnaire is recorded.{case}", "done")
    return redirect(url_for("console.patient", patient_id=patient_id))
