"""Whether all is well at this clinic: the process's health, who is on call, whom a case climbs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alembic.script import ScriptDirectory
from flask import current_app, render_template
from sqlalchemy import select

from backend.domain.overrides import Difference, differences, fitted
from backend.domain.protocol import Step
from backend.services.cases.queue import open_cases
from backend.services.cases.staffing import Staffing, policy_of
from backend.services.clinic.answering import not_reachable_at_any_hour
from backend.services.clinic.hours import ALWAYS, OFFICE_HOURS, WEEKDAYS
from backend.services.operating.health import has_cover, health_of
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.staff import Shift, Staff
from backend.web.console.blueprint import console
from backend.web.current import house
from backend.web.security import my_clinic

AUDIENCE_WORDS = {"on_call": "Whoever is on call", "team": "The whole team", "managers": "The managers"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the policy with who stands on it now."""

    audience: str
    wait_minutes: int
    people: Sequence[Staff]


@dataclass(frozen=True, slots=True)
class OwnProtocol:
    """What the clinic changed of the signed protocol, and which of it the signed one no longer allows."""

    version: int
    differs: Sequence[Difference]
    unfit: Mapping[str, str]


@console.get("/health")
def clinic_health() -> str:
    clinic = my_clinic()
    people = Staffing(clinic, house().now())
    found = health_of(house(), ScriptDirectory(current_app.extensions["migrate"].directory))
    checks = found.checks | ({"cover": _own_cover(clinic)} if "cover" in found.checks else {})
    return render_template(
        "console/health.html",
        checks=checks,
        on_call=[people.everybody[staff_id] for staff_id in people.on_call if staff_id in people.everybody],
        steps=[_rung(step, people) for step in policy_of(clinic, house())],
        shifts=_shifts(people),
        protocol=house().protocol_of(clinic),
        own=_own_protocol(clinic),
        staffed=_staffed(clinic),
        unproven=not_reachable_at_any_hour(clinic, house().now()),
        pack=house().clinical.packs.get(clinic.country),
        signature=house().clinical.signature,
        digest=house().clinical.digest,
    )


def _own_protocol(clinic: Clinic) -> OwnProtocol:
    signed = house().clinical.protocol
    own = fitted(signed, clinic.protocol_overrides or {})
    return OwnProtocol(clinic.protocol_version, differences(signed, own.protocol), own.faults)


def _staffed(clinic: Clinic) -> str | None:
    """The staffed hours in words; None for a clinic that answers at any hour."""
    if clinic.mode == ALWAYS:
        return None
    hours = clinic.staffed_hours or OFFICE_HOURS
    return ", ".join(f"{day.capitalize()} {hours[day][0]}–{hours[day][1]}" for day in WEEKDAYS if day in hours)


def _own_cover(clinic: Clinic) -> str:
    """This clinic's cover alone: how other clinics stand is not for its staff to read (S12)."""
    unstaffed = any(row.nobody_since for row in open_cases(clinic.id))
    if unstaffed:
        return "an open case has nobody to page"
    return "ok" if has_cover(clinic, house()) else "nobody can be paged at this clinic"


def _rung(step: Step, people: Staffing) -> Rung:
    standing = [people.everybody[staff_id] for staff_id in people(step)]
    named = AUDIENCE_WORDS.get(step.audience, "One person")
    return Rung(named, int(step.wait.total_seconds() // 60), standing)


def _shifts(people: Staffing) -> list[tuple[Shift, str]]:
    """Shifts that go on or come, by when they begin."""
    now: datetime = house().now()
    lasting = (Shift.weekly.is_(True)) | (Shift.ends_at > now)
    rows = db.session.scalars(select(Shift).where(Shift.clinic_id == my_clinic().id, lasting).order_by(Shift.starts_at))
    return [(row, people.everybody[str(row.staff_id)].name) for row in rows if str(row.staff_id) in people.everybody]
