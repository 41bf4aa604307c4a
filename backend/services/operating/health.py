"""Whether the process can do its job: what is red, in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from backend.services.cases.staffing import Staffing, policy_of
from backend.services.house import House
from backend.store.audit import Heartbeat
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import connected, db
from backend.store.escalations import Escalation
from backend.store.work import transaction

CLOCK_DEAD_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Health:
    """Each check with what is wrong, or `ok`."""

    checks: dict[str, str]
    mode: str

    @property
    def is_well(self) -> bool:
        return all(found == "ok" for found in self.checks.values())


def beat(name: str, house: House) -> None:
    """The clock says that it is alive, by the machine's own time."""
    with transaction() as session:
        session.merge(Heartbeat(name=name, beat_at=house.machine_now()))


def last_beat() -> datetime | None:
    return db.session.scalar(select(func.max(Heartbeat.beat_at)))


def health_of(house: House, migrations: ScriptDirectory) -> Health:
    """Database, migrations, clock and cover. Never raises: a broken database is a finding."""
    mode = "signed" if house.clinical.is_signed else "UNSIGNED: test mode"
    try:
        checks = {
            "database": "ok",
            "migrations": _migrations(migrations),
            "clock": _clock(house),
            "cover": _cover(house),
        }
    except SQLAlchemyError as error:
        checks = {"database": f"cannot be used ({type(error).__name__})"}
    return Health(checks, mode)


def _migrations(script: ScriptDirectory) -> str:
    with connected() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return "ok" if current == script.get_current_head() else "behind: run `aftercare db upgrade`"


def _clock(house: House) -> str:
    beat_at = last_beat()
    if beat_at is None:
        return "no clock process has ever run: start `python -m jobs`"
    age = house.machine_now() - beat_at
    return "ok" if age < CLOCK_DEAD_AFTER else f"no heartbeat for {int(age.total_seconds())} s: nothing is sent"


def _cover(house: House) -> str:
    """Every clinic's chain must reach a person now, and no open case may be without one."""
    if db.session.scalar(
        select(Escalation.id).where(Escalation.unstaffed_since.is_not(None), Escalation.resolved_at.is_(None)).limit(1)
    ):
        return "an open case has nobody to page"
    empty = [
        str(clinic.id)
        for clinic in db.session.scalars(select(Clinic).where(Clinic.id != UNROUTED))
        if not has_cover(clinic, house)
    ]
    return "ok" if not empty else f"nobody to page at clinic {', '.join(empty[:5])}"


def has_cover(clinic: Clinic, house: House) -> bool:
    """Whether some step of the clinic's policy has a person on it now."""
    people_on = Staffing(clinic, house.now())
    return any(people_on(step) for step in policy_of(clinic, house))
