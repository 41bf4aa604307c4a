"""Who may use the console and the API: passwords, sign-ins that end by themselves, and tokens of one clinic."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import select
from uuid_utils.compat import uuid7

from backend.services import audit
from backend.services.invalid import Invalid
from backend.store.clinics import Clinic
from backend.store.database import db, keyring, secret_digest
from backend.store.staff import ApiToken, Staff, StaffSession
from backend.store.work import transaction

IDLE = timedelta(minutes=15)  # HIPAA automatic log-off, clinical notes 8
LONGEST_SESSION = timedelta(hours=12)
TOUCH_EVERY = timedelta(seconds=60)
SHORTEST_PASSWORD = 15  # NIST 800-63B-4 for a password that stands alone
TRIES, LOCKED_FOR = 5, timedelta(minutes=15)

SCOPES = (
    "patients:read", "patients:write", "escalations:read", "escalations:write", "messages:read", "messages:write",
    "reports:read",
)  # fmt: skip
_TOKEN_PREFIX = "aftercare"  # noqa: S105 - how tokens begin

_hasher = PasswordHasher()
# Checked when nobody has the e-mail address, so that the answer takes as long.
_NOBODYS_HASH = _hasher.hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """The argon2id hash. Raises `Invalid` for a password that is too short."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid({"password": f"use at least {SHORTEST_PASSWORD} characters"})
    return _hasher.hash(password)


def sign_in(email: str, password: str, machine_now: datetime) -> tuple[Staff, str] | None:
    """The person and the token of a new session; None when e-mail and password do not fit or the account is locked.

    Five wrong passwords lock an account for 15 minutes, over all processes.
    """
    found = select(Staff).where(Staff.email_digest.in_(keyring().digests(email)), Staff.deactivated_at.is_(None))
    staff = db.session.scalars(found.limit(1)).first()
    fits = _fits(staff.password_hash if staff and staff.password_hash else _NOBODYS_HASH, password)
    if staff is None:
        return None
    with transaction() as session:
        staff = session.get_one(Staff, (staff.clinic_id, staff.id), with_for_update=True)
        if staff.locked_until is not None and staff.locked_until > machine_now:
            return None
        if not fits:
            _count_failure(staff, machine_now)
            return None
        staff.failed_sign_ins, staff.locked_until = 0, None
        return staff, _open_session(staff, machine_now)


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False


def _count_failure(staff: Staff, machine_now: datetime) -> None:
    staff.failed_sign_ins += 1
    if staff.failed_sign_ins >= TRIES:
        staff.failed_sign_ins, staff.locked_until = 0, machine_now + LOCKED_FOR
    audit.record(staff.clinic_id, f"staff:{staff.id}", "sign_in_failed", staff.id, machine_now)


def _open_session(staff: Staff, machine_now: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    db.session.add(
        StaffSession(
            id=uuid7(), clinic_id=staff.clinic_id, staff_id=staff.id, token_digest=secret_digest(secret),
            created_at=machine_now, last_seen_at=machine_now,
        )
    )  # fmt: skip
    audit.record(staff.clinic_id, f"staff:{staff.id}", "signed_in", staff.id, machine_now)
    return f"{staff.clinic_id.hex}.{secret}"


def signed_in(token: str, machine_now: datetime, *, touch: bool) -> Staff | None:
    """Whose live session this is; None when it ended, went idle or never was.

    `touch` counts this request as activity; a page that refreshes itself must not, or nobody would ever be idle.
    """
    session_row = _session(token)
    if session_row is None or session_row.ended_at is not None:
        return None
    if machine_now - session_row.last_seen_at > IDLE or machine_now - session_row.created_at > LONGEST_SESSION:
        return None
    if touch and machine_now - session_row.last_seen_at > TOUCH_EVERY:
        with transaction() as session:
            session.get_one(StaffSession, (session_row.clinic_id, session_row.id)).last_seen_at = machine_now
    staff = db.session.get(Staff, (session_row.clinic_id, session_row.staff_id))
    return staff if staff is not None and staff.deactivated_at is None else None


def sign_out(token: str, machine_now: datetime) -> None:
    session_row = _session(token)
    if session_row is None:
        return
    with transaction() as session:
        kept = session.get_one(StaffSession, (session_row.clinic_id, session_row.id))
        kept.ended_at = kept.ended_at or machine_now
        audit.record(kept.clinic_id, f"staff:{kept.staff_id}", "signed_out", kept.staff_id, machine_now)


def _session(token: str) -> StaffSession | None:
    clinic_id, secret = _parts(token)
    if clinic_id is None:
        return None
    return db.session.scalars(
        select(StaffSession).where(
            StaffSession.clinic_id == clinic_id, StaffSession.token_digest == secret_digest(secret)
        )
    ).first()


def _parts(token: str) -> tuple[UUID | None, str]:
    head, _, secret = token.partition(".")
    try:
        return UUID(hex=head), secret
    except ValueError:
        return None, ""


# API tokens ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """What a bearer token may do, in which clinic."""

    clinic_id: UUID
    token_id: UUID
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        return f"token:{self.token_id}"


def create_token(clinic: Clinic, scopes: Sequence[str], name: str, now: datetime) -> tuple[ApiToken, str]:
    """A new token and its secret, which is shown this once. Raises `Invalid` for an unknown scope."""
    wanted = sorted(SCOPES if "all" in scopes else set(scopes))
    if unknown := set(wanted) - set(SCOPES):
        raise Invalid({"scope": f"unknown {', '.join(sorted(unknown))}; choose among all, {', '.join(SCOPES)}"})
    secret = secrets.token_urlsafe(32)
    with transaction() as session:
        token = ApiToken(
            id=uuid7(),
            clinic_id=clinic.id,
            name=name,
            token_digest=secret_digest(secret),
            scopes=wanted,
            created_at=now,
        )
        session.add(token)
        audit.record(clinic.id, audit.SYSTEM, "token_created", token.id, now, ",".join(wanted))
    return token, f"{_TOKEN_PREFIX}_{clinic.id.hex}.{secret}"


def token_owner(bearer: str) -> TokenOwner | None:
    """Whose token this is, or None."""
    clinic_id, secret = _parts(bearer.removeprefix(f"{_TOKEN_PREFIX}_"))
    if clinic_id is None:
        return None
    token = db.session.scalars(
        select(ApiToken).where(
            ApiToken.clinic_id == clinic_id,
            ApiToken.token_digest == secret_digest(secret),
            ApiToken.revoked_at.is_(None),
        )
    ).first()
    return TokenOwner(clinic_id, token.id, frozenset(token.scopes)) if token else None
