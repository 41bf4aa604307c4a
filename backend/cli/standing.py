"""How a patient stands, from the shell: what is changed of them, consent and its end, death, and whose number it is."""

from collections.abc import Callable
from datetime import date
from typing import Any

import click

from backend.cli.inside import ACTOR, find_clinic, find_patient, find_staff, inside, made, moment
from backend.domain.consent import CHANNELS, METHODS, refusal
from backend.services.house import House
from backend.services.invalid import Invalid
from backend.services.patients import documented, enrolment, numbers, standing
from backend.services.patients.enrolment import Consent
from backend.services.patients.standing import standing_of
from backend.store.patients import Patient
from backend.store.work import Key

_EVIDENCE = click.option("--evidence", required=True, help="Where it is documented.")


def _of_patient(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name a patient."""
    named = click.option("--patient", "patient_name", required=True, help="Id or external id.")(command)
    return click.option("--clinic", "clinic_name", required=True, help="Id or slug.")(named)


def _key(clinic_name: str, patient_name: str) -> Key:
    found = find_patient(find_clinic(clinic_name), patient_name)
    return found.clinic_id, found.id


def _told(patient: Patient) -> None:
    """How the patient stands now, and why no check-in goes out if none does."""
    made(id=patient.id, pending_phone=bool(patient.pending_phone_at), refused_because=refusal(standing_of(patient)))


@click.command("change")
@_of_patient
@click.option("--phone", help="Counts once the new phone has said yes, unless nobody is texted on the old one.")
@click.option("--given-name")
@click.option("--family-name")
@click.option("--timezone")
@click.option("--language")
@click.option("--country")
@click.option("--born-on", help="Such as 1990-01-31.")
@inside
def patient_change(house: House, /, clinic_name: str, patient_name: str, **fields: Any) -> None:
    """Change what is known of a patient; what is not named stays."""
    changes = {name: value for name, value in fields.items() if value is not None}
    if "born_on" in changes:
        changes["born_on"] = day("born_on", changes["born_on"])
    if not changes:
        raise Invalid({"patient": "name at least one thing to change"})
    found = find_patient(find_clinic(clinic_name), patient_name)
    _told(enrolment.change(found, changes, ACTOR, house))


@click.command("consent")
@_of_patient
@click.option("--given-at", required=True, help="RFC 3339 with offset.")
@click.option("--method", default="written", type=click.Choice(METHODS))
@_EVIDENCE
@inside
def patient_consent(
    house: House, clinic_name: str, patient_name: str, given_at: str, method: str, evidence: str
) -> None:
    """Record documented consent; it lifts an older opt-out, but nothing that the carrier blocks."""
    given = Consent(moment("given_at", given_at), method, evidence)
    _told(documented.give_consent(_key(clinic_name, patient_name), given, ACTOR, house))


@click.command("opt-out")
@_of_patient
@click.option("--method", required=True, type=click.Choice(CHANNELS), help="How the patient said so.")
@_EVIDENCE
@inside
def patient_opt_out(house: House, clinic_name: str, patient_name: str, method: str, evidence: str) -> None:
    """Record that the patient wants no more texts; none goes out from now on."""
    _told(documented.revoke_consent(_key(clinic_name, patient_name), method, evidence, ACTOR, house))


@click.command("deceased")
@_of_patient
@_EVIDENCE
@inside
def patient_deceased(house: House, clinic_name: str, patient_name: str, evidence: str) -> None:
    """Record that the patient died: nothing is sent to this number any more."""
    _told(standing.record_death(_key(clinic_name, patient_name), evidence, ACTOR, house))


@click.command("quarantine")
@_of_patient
@_EVIDENCE
@inside
def patient_quarantine(house: House, clinic_name: str, patient_name: str, evidence: str) -> None:
    """Record that the number may be somebody else's: no check-in goes out until it is verified or changed."""
    _told(standing.doubt_number(_key(clinic_name, patient_name), evidence, ACTOR, house))


@click.command("verify-number")
@_of_patient
@_EVIDENCE
@inside
def patient_verify_number(house: House, clinic_name: str, patient_name: str, evidence: str) -> None:
    """Record that the number in doubt is the patient's own after all."""
    _told(standing.verify_number(_key(clinic_name, patient_name), evidence, ACTOR, house))


@click.command("confirm-number")
@_of_patient
@_EVIDENCE
@inside
def patient_confirm_number(house: House, clinic_name: str, patient_name: str, evidence: str) -> None:
    """Confirm the new number in the patient's place, known to be theirs by other means than their reply."""
    _told(numbers.confirm_number(_key(clinic_name, patient_name), evidence, ACTOR, house))


@click.command("pause")
@_of_patient
@inside
def patient_pause(house: House, clinic_name: str, patient_name: str) -> None:
    """Send no check-ins for now."""
    _told(standing.set_standing(_key(clinic_name, patient_name), "pause", ACTOR, house))


@click.command("resume")
@_of_patient
@click.option("--clinician", help="Id or e-mail of the clinician who ends a hold after a crisis.")
@click.option("--note", default="", help="Why the hold may end.")
@inside
def patient_resume(house: House, clinic_name: str, patient_name: str, clinician: str | None, note: str) -> None:
    """Send check-ins again; a hold after a crisis ends only in a clinician's name."""
    staff = find_staff(find_clinic(clinic_name), clinician) if clinician else None
    key = _key(clinic_name, patient_name)
    _told(standing.set_standing(key, "resume", ACTOR, house, clinician=staff, evidence=note.strip()))


@click.command("discharge")
@_of_patient
@inside
def patient_discharge(house: House, clinic_name: str, patient_name: str) -> None:
    """End the patient's care here; what they text all the same is still read."""
    _told(standing.set_standing(_key(clinic_name, patient_name), "discharge", ACTOR, house))


@click.command("agree")
@_of_patient
@click.option("--clinician", required=True, help="Id or e-mail of the clinician who agrees.")
@_EVIDENCE
@inside
def patient_agree(house: House, clinic_name: str, patient_name: str, clinician: str, evidence: str) -> None:
    """Record that a clinician agrees to ask a patient at risk although the clinic reads in staffed hours only."""
    staff = find_staff(find_clinic(clinic_name), clinician)
    _told(standing.agree(_key(clinic_name, patient_name), staff, evidence, house))


def day(field: str, text: str) -> date:
    """A calendar day. Raises `Invalid`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid({field: "write the day as 1990-01-31"}) from None


OF_PATIENT = (
    patient_change, patient_consent, patient_opt_out, patient_deceased, patient_quarantine, patient_verify_number,
    patient_confirm_number, patient_pause, patient_resume, patient_discharge, patient_agree,
)  # fmt: skip
