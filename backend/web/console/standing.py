"""What staff document on a patient's page: consent and its end, death, whose number it is, and when they were born."""

from collections.abc import Callable
from uuid import UUID

from flask import abort, flash, redirect, url_for
from werkzeug.wrappers import Response

from backend.domain.phone import as_dialled
from backend.domain.schedule import zone_named
from backend.services.invalid import Conflict, Invalid
from backend.services.patients import documented, enrolment, numbers, standing
from backend.services.patients.enrolment import Consent, patient_of
from backend.store.work import Key
from backend.web.console.blueprint import console
from backend.web.console.forms import Form, as_given
from backend.web.console.patients import page_of
from backend.web.current import house
from backend.web.security import actor, me, my_clinic, only_who_may_act

Act = Callable[[Key, Form], object]


def _consent(key: Key, form: Form) -> object:
    given_at = form.moment("consent.given_at", zone_named(my_clinic().timezone))
    given = Consent(given_at, form.text("consent.method"), form.text("consent.evidence"))
    return documented.give_consent(key, given, actor(), house())


def _opt_out(key: Key, form: Form) -> object:
    method, evidence = form.text("opt-out.method"), form.text("opt-out.evidence")
    return documented.revoke_consent(key, method, evidence, actor(), house())


def _death(key: Key, form: Form) -> object:
    return standing.record_death(key, form.text("deceased.evidence"), actor(), house())


def _quarantine(key: Key, form: Form) -> object:
    return standing.doubt_number(key, form.text("quarantine.evidence"), actor(), house())


def _verify(key: Key, form: Form) -> object:
    return standing.verify_number(key, form.text("verify.evidence"), actor(), house())


def _confirm(key: Key, form: Form) -> object:
    return numbers.confirm_number(key, form.text("confirm.evidence"), actor(), house())


def _agree(key: Key, form: Form) -> object:
    return standing.agree(key, me(), form.text("agree.evidence"), house())


def _number(key: Key, form: Form) -> object:
    changes = {"phone": as_dialled(form.text("number.phone"), my_clinic().country)}
    return enrolment.change(patient_of(*key), changes, actor(), house())


def _birth(key: Key, form: Form) -> object:
    born_on = form.day("birth.born_on")
    if born_on is None:
        raise Invalid({"born_on": "choose a day"})
    return enrolment.change(patient_of(*key), {"born_on": born_on}, actor(), house())


ACTS: dict[str, tuple[Act, str]] = {
    "consent": (_consent, "The consent is on record."),
    "opt-out": (_opt_out, "The opt-out is on record: no more texts go out."),
    "deceased": (_death, "The death is on record: nothing goes out any more."),
    "quarantine": (_quarantine, "The number is in doubt: no check-in goes out until it is verified or changed."),
    "verify": (_verify, "The number is verified."),
    "confirm": (_confirm, "The new number is confirmed."),
    "number": (_number, "The number is kept. If texts went to the old one, the new one is asked to confirm first."),
    "birth": (_birth, "The date of birth is on record."),
    "agree": (_agree, "Your agreement is on record."),
}


@console.post("/patients/<uuid:patient_id>/documented/<act>")
def document(patient_id: UUID, act: str) -> Response | tuple[str, int]:
    """Carry out one of the acts, or show the page again with what is missing."""
    only_who_may_act()
    found = patient_of(my_clinic().id, patient_id)
    if act not in ACTS:
        abort(404)
    form, (carry_out, done) = Form(), ACTS[act]
    try:
        carry_out((found.clinic_id, found.id), form)
    except Invalid as invalid:
        faults = {f"{act}.{field}": fault for field, fault in invalid.faults.items()} | form.faults
        return page_of(patient_of(my_clinic().id, patient_id), faults=faults, given=as_given()), 422
    except Conflict as refused:
        flash(f"Not done: {refused}.", "warning")
    else:
        flash(done, "done")
    return redirect(url_for("console.patient", patient_id=patient_id))
