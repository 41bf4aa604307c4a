"""How a patient stands, over the API: consent, its end, death, whose number it is; each with where it is documented."""

from typing import Annotated
from uuid import UUID

from backend.domain.consent import CHANNELS
from backend.services.patients import documented, numbers, standing
from backend.services.patients.enrolment import Consent
from backend.store.work import Key
from backend.web.api.access import clinic_id, note_proxy, owner, staff_named
from backend.web.api.fields import Body, Evidence, OneOf, StaffName
from backend.web.api.operation import operation
from backend.web.api.patients import NewConsent, PatientShown, shown_of
from backend.web.current import house

Channel = Annotated[str, OneOf(CHANNELS)]


class OptOut(Body):
    """How the patient said that they want no more texts, and where that is documented."""

    method: Channel
    evidence: Evidence


class Documented(Body):
    """Where it is documented."""

    evidence: Evidence


class Agreement(Body):
    """The clinician who agrees, and where that is documented."""

    staff_id: StaffName
    evidence: Evidence


@operation("POST", "/patients/<uuid:patient_id>/consent", "patients:write", answer=PatientShown, body=NewConsent)
def give_consent(patient_id: UUID, body: NewConsent) -> PatientShown:
    """Record documented consent.

    It lifts an opt-out that is older. Where the carrier blocks the number as well (`carrier_blocked_at`), only START
    from that phone lifts it: `refused_because` says so.
    """
    given = Consent(**body.model_dump())
    return shown_of(documented.give_consent(_key(patient_id), given, owner().actor, house()))


@operation("POST", "/patients/<uuid:patient_id>/opt-out", "patients:write", answer=PatientShown, body=OptOut)
def opt_out(patient_id: UUID, body: OptOut) -> PatientShown:
    """Record that the patient wants no more texts, said by phone, by e-mail or in person.

    None goes out from now on.
    """
    return shown_of(documented.revoke_consent(_key(patient_id), body.method, body.evidence, owner().actor, house()))


@operation("POST", "/patients/<uuid:patient_id>/deceased", "patients:write", answer=PatientShown, body=Documented)
def record_death(patient_id: UUID, body: Documented) -> PatientShown:
    """Record that the patient died.

    Nothing is sent to this number any more. What comes from it is screened, kept and put before staff.
    """
    return shown_of(standing.record_death(_key(patient_id), body.evidence, owner().actor, house()))


@operation("POST", "/patients/<uuid:patient_id>/quarantine", "patients:write", answer=PatientShown, body=Documented)
def quarantine_number(patient_id: UUID, body: Documented) -> PatientShown:
    """Record that the number may be somebody else's.

    No check-in goes out, and no score is kept, until the number is verified or changed.
    """
    return shown_of(standing.doubt_number(_key(patient_id), body.evidence, owner().actor, house()))


@operation("POST", "/patients/<uuid:patient_id>/verify-number", "patients:write", answer=PatientShown, body=Documented)
def verify_number(patient_id: UUID, body: Documented) -> PatientShown:
    """Record that the number in doubt is the patient's own after all."""
    return shown_of(standing.verify_number(_key(patient_id), body.evidence, owner().actor, house()))


@operation("POST", "/patients/<uuid:patient_id>/confirm-number", "patients:write", answer=PatientShown, body=Documented)
def confirm_number(patient_id: UUID, body: Documented) -> PatientShown:
    """Confirm the new number in the patient's place, known to be theirs by other means than their reply."""
    return shown_of(numbers.confirm_number(_key(patient_id), body.evidence, owner().actor, house()))


@operation("POST", "/patients/<uuid:patient_id>/agree", "patients:write", answer=PatientShown, body=Agreement)
def agree_to_check_ins(patient_id: UUID, body: Agreement) -> PatientShown:
    """Record that a clinician agrees to ask a patient at risk although the clinic reads in staffed hours only."""
    staff = staff_named(body.staff_id)
    shown = shown_of(standing.agree(_key(patient_id), staff, body.evidence, house()))
    note_proxy(staff, patient_id)
    return shown


def _key(patient_id: UUID) -> Key:
    return clinic_id(), patient_id
