"""When a clinic's staff are there: its weekly hours, the public holidays of where it is, and its own closed days."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Protocol as Shape

from backend.domain.protocol import Protocol
from backend.domain.schedule import StaffedHours, zone_named

ALWAYS, STAFFED = "A", "B"
"""A clinic that answers at any hour, and one that answers in staffed hours only (CLINICAL.md 4d)."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE_HOURS = dict.fromkeys(WEEKDAYS[:5], ("09:00", "17:00"))
YEARS_AHEAD = 2


class Hours(Shape):
    """What of a clinic says when its staff are there."""

    @property
    def mode(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def region(self) -> str | None: ...
    @property
    def timezone(self) -> str: ...
    @property
    def staffed_hours(self) -> Mapping[str, Sequence[str]] | None: ...
    @property
    def closed_days(self) -> Sequence[str] | None: ...


def staffed_hours(clinic: Hours, protocol: Protocol, now: datetime) -> StaffedHours | None:
    """The staffed hours that decide about prompts and pages; None for a clinic that answers at any hour."""
    if clinic.mode == ALWAYS:
        return None
    weekly = {WEEKDAYS.index(day): span_of(span) for day, span in (clinic.staffed_hours or OFFICE_HOURS).items()}
    own = {date.fromisoformat(day) for day in clinic.closed_days or ()}
    public = public_holidays(clinic.country, clinic.region, now.astimezone(UTC).year)
    return StaffedHours(weekly, frozenset(own | public), zone_named(clinic.timezone), protocol.staffed)


def span_of(span: Sequence[str]) -> tuple[time, time]:
    opens, closes = (time.fromisoformat(part) for part in span)
    return opens, closes


@lru_cache(maxsize=64)
def public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """The public holidays from the year before to the year after. Raises `ValueError` for a region unknown there."""
    from holidays import country_holidays  # 45 MB, which only clinics without night cover need

    years = range(year - 1, year + YEARS_AHEAD)
    try:
        return frozenset(country_holidays(country, subdiv=region, years=years))
    except NotImplementedError as error:
        raise ValueError("name the state or region by its code, such as NY") from error
