"""A clinic's own protocol: changed within safe bounds, every version kept, and what is still to come planned by it."""

import json
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from backend.domain.overrides import UnsafeOverridesError, nameless_raises, with_overrides
from backend.domain.protocol import Window
from backend.domain.rules import BY_NUMBERS
from backend.services import audit
from backend.services.house import House
from backend.services.invalid import Invalid, NotFound
from backend.services.patients.planning import hold_patient, replan
from backend.store.clinics import Clinic, ProtocolVersion
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.work import Key, transaction, work_through

MOST_NOTE = 400
BATCH = 500
NEVER_PLANNED = -1
"""A patient's version that is earlier than any: their plan rests on what has changed since."""


def change_protocol(
    clinic: Clinic, overrides: Mapping[str, Any], note: str, actor: str, house: House
) -> ProtocolVersion:
    """The clinic's protocol is the signed one with these overrides from now on: one more version, by which every
    check-in still to come is planned. What was asked stays. The overrides in force given again change nothing.

    What is not planned when this ends, `plan_anew` plans: every patient knows the version of their plan.
    Raises `Invalid` naming every field at once.
    """
    _check(clinic, overrides, note, house)
    overrides = json.loads(json.dumps(overrides))  # as they will be read again
    with transaction() as session:
        # Two changes take turns.
        held = session.get_one(Clinic, clinic.id, with_for_update=True, populate_existing=True)
        newest = _newest(held)
        if newest is None or newest.overrides != overrides:
            newest = _add_version(held, overrides, note.strip(), actor, house)
    plan_anew(house)
    return newest


def go_back(clinic: Clinic, version: int, note: str, actor: str, house: House) -> ProtocolVersion:
    """An earlier version holds again, as a new one; 0 is the signed protocol. Raises `Invalid` or `NotFound`."""
    earlier = [one.overrides for one in history(clinic) if one.version == version]
    if not earlier and version != 0:
        raise NotFound
    return change_protocol(clinic, earlier[0] if earlier else {}, note, actor, house)


def history(clinic: Clinic) -> Sequence[ProtocolVersion]:
    """Every version of the clinic's protocol, the newest first."""
    mine = select(ProtocolVersion).where(ProtocolVersion.clinic_id == clinic.id)
    return db.session.scalars(mine.order_by(ProtocolVersion.version.desc())).all()


def _check(clinic: Clinic, overrides: Mapping[str, Any], note: str, house: House) -> None:
    faults = nameless_raises(overrides, house.clinical.families | BY_NUMBERS | {"silence"})
    if not 0 < len(note.strip()) <= MOST_NOTE:
        faults["note"] = f"say why in 1 to {MOST_NOTE} characters"
    try:
        own = with_overrides(house.clinical.protocol, overrides)
    except UnsafeOverridesError as unsafe:
        raise Invalid(faults | unsafe.faults) from None
    if shut_out := [patient for patient, hours in _own_hours(clinic) if not _leaves_time(own.window, *hours)]:
        named = ", ".join(shut_out)
        faults["window"] = f"leaves nothing of the hours that some patients asked for; change theirs first: {named}"
    if faults:
        raise Invalid(faults)


def _own_hours(clinic: Clinic) -> list[tuple[str, tuple[time | None, time | None]]]:
    hours = select(Patient.id, Patient.window_opens, Patient.window_closes).where(
        Patient.clinic_id == clinic.id,
        Patient.window_opens.is_not(None) | Patient.window_closes.is_not(None),
        Patient.discharged_at.is_(None),
        Patient.deceased_at.is_(None),
    )
    return [(str(patient), (opens, closes)) for patient, opens, closes in db.session.execute(hours)]


def _leaves_time(window: Window, opens: time | None, closes: time | None) -> bool:
    try:
        window.narrowed(opens, closes)
    except ValueError:
        return False
    return True


def _newest(clinic: Clinic) -> ProtocolVersion | None:
    mine = select(ProtocolVersion).where(
        ProtocolVersion.clinic_id == clinic.id, ProtocolVersion.version == clinic.protocol_version
    )
    return db.session.scalars(mine).one_or_none()


def _add_version(clinic: Clinic, overrides: Mapping[str, Any], note: str, actor: str, house: House) -> ProtocolVersion:
    now, number = house.now(), clinic.protocol_version + 1
    version = ProtocolVersion(
        id=uuid7(), clinic_id=clinic.id, version=number, overrides=dict(overrides), note=note, actor=actor,
        created_at=now,
    )  # fmt: skip
    db.session.add(version)
    clinic.protocol_overrides, clinic.protocol_version = dict(overrides), number
    audit.record(clinic.id, actor, "protocol_changed", version.id, now, f"version {number}")
    return version


# What is still to come -----------------------------------------------------------------------------------------------


def plan_anew(house: House) -> int:
    """Plan every patient anew whose plan is of an earlier version of their clinic's protocol. Returns how many were.

    The clock does it too, so that a crash in between leaves nobody behind.
    """
    done = 0
    while keys := _of_earlier_versions():
        planned = work_through("plan anew", keys, lambda key: _plan(key, house))
        done += planned
        if planned < len(keys):
            break  # what fails now is tried again at the clock's next look
    return done


def _of_earlier_versions() -> list[Key]:
    behind = (
        select(Patient.clinic_id, Patient.id)
        .join(Clinic, Clinic.id == Patient.clinic_id)
        .where(Patient.planned_under < Clinic.protocol_version)
        .order_by(Patient.clinic_id, Patient.id)
        .limit(BATCH)
    )
    return [(clinic_id, patient_id) for clinic_id, patient_id in db.session.execute(behind)]


def _plan(key: Key, house: House) -> None:
    with transaction() as session:
        patient = hold_patient(*key)
        if patient is None:
            return
        clinic = session.get_one(Clinic, key[0])
        if patient.planned_under >= clinic.protocol_version:
            return
        patient.planned_under = clinic.protocol_version
        if patient.in_care:
            replan(patient, clinic, house)


def patients_behind(clinic: Clinic) -> int:
    """How many of the clinic's patients are still to be planned by its newest version."""
    behind = select(func.count()).where(Patient.clinic_id == clinic.id, Patient.planned_under < clinic.protocol_version)
    return db.session.scalar(behind) or 0
