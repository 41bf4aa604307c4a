"""A clinic is set up: the clinic itself, its staff and who is on call."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from backend.domain.countries import as_country
from backend.domain.phone import parse_phone
from backend.domain.roles import ROLES
from backend.domain.schedule import zone_named
from backend.services import audit
from backend.services.fields import Faults, as_email, as_name, one_of
from backend.services.house import Clinical
from backend.services.invalid import Invalid
from backend.services.texting import unrouted
from backend.store.clinics import Clinic, PolicyStep
from backend.store.database import keyring
from backend.store.staff import Shift, Staff
from backend.store.work import transaction

LONGEST_SHIFT = timedelta(days=7)
MOST_POLICY = 200


def add_clinic(
    clinical: Clinical,
    now: datetime,
    *,
    name: str,
    number: str,
    timezone: str,
    country: str,
    phone: str = "",
    slug: str = "",
) -> Clinic:
    """A clinic, with the protocol's default policy. Raises `Invalid` naming every field at once."""
    faults = Faults()
    sender = faults.check("number", parse_phone, number)
    callback = faults.check("phone", parse_phone, phone) if phone else sender
    faults.check("timezone", zone_named, timezone)
    shown = faults.check("name", as_name, name)
    where = as_country(country)
    fit = clinical.faults_for(clinic=shown or "", phone=callback or "", country=where)
    if fit and fit[0].startswith("country: "):
        faults["country"] = fit[0].removeprefix("country: ")
    elif fit and shown and callback:
        faults["name"] = fit[0]
    faults.done()
    with transaction() as session:
        unrouted.give_up(sender)
        slug = slug or _slug(shown)
        if session.scalar(select(Clinic.id).where((Clinic.number == sender) | (Clinic.slug == slug)).limit(1)):
            raise Invalid({"number": "another clinic already has this number or this name"})
        clinic = Clinic(
            id=uuid7(), slug=slug, name=shown, number=sender, phone=callback, timezone=timezone,
            country=where, created_at=now,
        )  # fmt: skip
        session.add(clinic)
        session.flush()
        session.add_all(_default_policy(clinic.id, clinical))
        audit.record(clinic.id, audit.SYSTEM, "clinic_added", clinic.id, now)
    return clinic


def set_minors_policy(clinic: Clinic, documented: str, actor: str, now: datetime) -> Clinic:
    """Record where the clinic's policy for patients under 18 is documented; "" takes it back. Raises `Invalid`."""
    policy = documented.strip()
    if len(policy) > MOST_POLICY or not policy.isprintable():
        raise Invalid({"policy": f"say in at most {MOST_POLICY} printable characters where it is documented"})
    with transaction() as session:
        held = session.get_one(Clinic, clinic.id, with_for_update=True)
        held.minors_policy = policy or None
        audit.record(held.id, actor, "minors_policy_set", held.id, now, "recorded" if policy else "taken back")
    return held


def _default_policy(clinic_id: UUID, clinical: Clinical) -> list[PolicyStep]:
    return [
        PolicyStep(
            clinic_id=clinic_id,
            position=position,
            audience=step.audience,
            wait_minutes=int(step.wait.total_seconds() // 60),
        )
        for position, step in enumerate(clinical.protocol.escalation.steps)
    ]


def add_staff(
    clinic: Clinic, now: datetime, *, name: str, email: str, phone: str, role: str, password_hash: str | None = None
) -> Staff:
    """A member of staff. Raises `Invalid` naming every field at once."""
    faults = Faults()
    number = faults.check("phone", parse_phone, phone)
    shown = faults.check("name", as_name, name)
    address = faults.check("email", as_email, email)
    faults.check("role", one_of(ROLES), role)
    faults.done()
    ring = keyring()
    with transaction() as session:
        if session.scalar(select(Staff.id).where(Staff.email_digest.in_(ring.digests(address))).limit(1)):
            raise Invalid({"email": "somebody already signs in with this e-mail address"})
        person = Staff(
            id=uuid7(), clinic_id=clinic.id, name=shown, email=address, email_digest=ring.digest(address), phone=number,
            phone_digest=ring.digest(number), role=role, password_hash=password_hash, created_at=now,
        )  # fmt: skip
        session.add(person)
        audit.record(clinic.id, audit.SYSTEM, "staff_added", person.id, now, role)
    return person


def add_shift(staff: Staff, now: datetime, *, starts_at: datetime, ends_at: datetime, weekly: bool) -> Shift:
    """Put a person on call. Raises `Invalid`."""
    if not timedelta(0) < ends_at - starts_at <= LONGEST_SHIFT:
        raise Invalid({"until": "a shift ends after it starts and lasts at most 7 days"})
    with transaction() as session:
        shift = Shift(
            id=uuid7(),
            clinic_id=staff.clinic_id,
            staff_id=staff.id,
            starts_at=starts_at,
            ends_at=ends_at,
            weekly=weekly,
        )
        session.add(shift)
        audit.record(staff.clinic_id, audit.SYSTEM, "shift_added", staff.id, now)
    return shift


def _slug(name: str) -> str:
    words = "".join(character if character.isalnum() else " " for character in name.casefold()).split()
    return "-".join(words)[:80] or "clinic"
