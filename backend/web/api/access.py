"""Who is calling: a bearer token of one clinic, and what it may do there."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, g, request
from sqlalchemy import select

from backend.services import audit
from backend.services.clinic.accounts import TokenOwner, token_owner
from backend.services.invalid import Invalid
from backend.store.clinics import Clinic
from backend.store.database import db, keyring
from backend.store.staff import Staff
from backend.store.work import transaction
from backend.web.api.problems import problem
from backend.web.current import house

_CHALLENGE = 'Bearer realm="aftercare"'


def refusal(scopes: Sequence[str]) -> Response | None:
    """401 without a valid token, 403 for one that lacks a scope, None when the caller may go on."""
    sent = request.authorization
    found = token_owner(sent.token) if sent is not None and sent.type == "bearer" and sent.token else None
    if found is None:
        return problem(401, headers={"WWW-Authenticate": _CHALLENGE})
    if lacking := [scope for scope in scopes if scope not in found.scopes]:
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{" ".join(scopes)}"'
        return problem(403, f"This token lacks {', '.join(lacking)}.", headers={"WWW-Authenticate": challenge})
    g.token_owner = found
    return None


def owner() -> TokenOwner:
    """Whose token this request carries."""
    found: TokenOwner = g.token_owner
    return found


def clinic_id() -> UUID:
    return owner().clinic_id


def clinic() -> Clinic:
    return db.session.get_one(Clinic, clinic_id())


def staff_named(name: str) -> Staff:
    """The active member of this clinic's staff with this id or e-mail address. Raises `Invalid`."""
    mine = select(Staff).where(Staff.clinic_id == clinic_id(), Staff.deactivated_at.is_(None))
    key = _as_uuid(name)
    wanted = Staff.id == key if key else Staff.email_digest.in_(keyring().digests(name))
    found = db.session.scalars(mine.where(wanted)).first()
    if found is None:
        raise Invalid({"staff_id": "name an active member of this clinic's staff, by id or e-mail address"})
    return found


def _as_uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def note_proxy(staff: Staff, subject: UUID) -> None:
    """Which token acted in a person's name; the act itself is on record as theirs."""
    with transaction():
        audit.record(clinic_id(), owner().actor, "acted_for_staff", subject, house().now(), f"staff:{staff.id}")


def note_views(action: str, subjects: Sequence[UUID | None]) -> None:
    """Whom or what this answer shows, one line each."""
    shown = {subject: None for subject in subjects if subject is not None}
    if not shown:
        return
    with transaction():
        for subject in shown:
            audit.record(clinic_id(), owner().actor, action, subject, house().now())
