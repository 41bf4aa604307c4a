"""What every command that touches the database needs: the application, and rows found by id, slug or e-mail."""

import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import click
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from backend.app import build_app
from backend.services.house import House
from backend.services.invalid import Invalid, NotFound
from backend.store.clinics import Clinic
from backend.store.database import db, keyring
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.web.current import HOUSE

P = ParamSpec("P")
Person = TypeVar("Person", Staff, Patient)
ACTOR = "shell"


def inside(command: Callable[Concatenate[House, P], None]) -> Callable[P, None]:
    """Run a command within the application; its first argument is the house."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        app = build_app()
        with app.app_context():
            command(app.extensions[HOUSE], *args, **kwargs)

    return wrapped


def made(**fields: Any) -> None:
    """Print what was made as one JSON object."""
    click.echo(json.dumps(fields, default=str))


def find_clinic(name: str) -> Clinic:
    """The clinic by id or slug. Raises `Invalid`."""
    identifier = _uuid(name)
    found = db.session.scalar(
        select(Clinic).where(Clinic.id == identifier) if identifier else select(Clinic).where(Clinic.slug == name)
    )
    if found is None:
        raise Invalid({"clinic": "there is no clinic with this id or slug"})
    return found


def find_staff(clinic: Clinic, name: str) -> Staff:
    """A member of the clinic's staff by id or e-mail. Raises `Invalid`."""
    found = _find(Staff, Staff.email_digest, clinic, name)
    if found is None:
        raise Invalid({"staff": "nobody at this clinic has this id or e-mail address"})
    return found


def find_patient(clinic: Clinic, name: str) -> Patient:
    """A patient of the clinic by id or external id. Raises `NotFound`."""
    found = _find(Patient, Patient.external_id_digest, clinic, name)
    if found is None:
        raise NotFound
    return found


def _find(model: type[Person], digest: InstrumentedAttribute[Any], clinic: Clinic, name: str) -> Person | None:
    """One of the clinic's own rows, by its id or by what its blind index is of."""
    identifier = _uuid(name)
    named = model.id == identifier if identifier else digest.in_(keyring().digests(name))
    return db.session.scalar(select(model).where(model.clinic_id == clinic.id, named))


def moment(field: str, text: str) -> datetime:
    """A time with its offset, as aware UTC. Raises `Invalid`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid({field: "write the time with its offset, such as 2026-01-31T16:00:00-05:00"})
    return at.astimezone(UTC)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
