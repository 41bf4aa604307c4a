"""What a form holds, read field by field; every fault stands under its field's name."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from flask import request

from backend.services.invalid import Invalid

_LONGEST = 400
# What cannot be read becomes a value that every service refuses, so that all faults of a form are found at once.
NO_SCORE = -1
NO_DAY = date.max
NO_HOUR = time.max  # no hours are left after it
NO_MOMENT = datetime.max  # noqa: DTZ901 - without a zone on purpose: no service takes it


class Form:
    """The fields of the form that was sent, and what is wrong with them."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}

    def text(self, name: str) -> str:
        return request.form.get(name, "").strip()[:_LONGEST]

    def ticked(self, name: str) -> bool:
        return name in request.form

    def chosen(self, name: str) -> list[str]:
        return request.form.getlist(name)

    def whole(self, name: str, fault: str = "write a whole number") -> int | None:
        """A whole number, or None when the field is empty; how high it may be is the service's to say."""
        given = self.text(name)
        if not given:
            return None
        if not (given.isascii() and given.isdigit() and len(given) < 4):  # noqa: PLR2004 - no number here has more
            self.faults[name] = fault
            return NO_SCORE
        return int(given)

    def score(self, name: str) -> int | None:
        """A score, or None when the field is empty."""
        return self.whole(name, "write a whole number from 0 to 10, or nothing")

    def hour(self, name: str) -> time | None:
        """A local hour, or None when the field is empty."""
        given = self.text(name)
        try:
            return time.fromisoformat(given) if given else None
        except ValueError:
            self.faults[name] = "choose an hour, such as 14:30"
            return NO_HOUR

    def day(self, name: str) -> date | None:
        """A calendar day, or None when the field is empty."""
        given = self.text(name)
        try:
            return date.fromisoformat(given) if given else None
        except ValueError:
            self.faults[name] = "choose a day"
            return NO_DAY

    def moment(self, name: str, zone: ZoneInfo) -> datetime:
        """A local date and time of this zone, in UTC."""
        try:
            return datetime.fromisoformat(self.text(name)).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            self.faults[name] = "choose a date and a time"
            return NO_MOMENT

    def all_faults(self, invalid: Invalid) -> dict[str, str]:
        """What the service found wrong, with our own words for what could not even be read, in the form's own order."""
        found = invalid.faults | self.faults
        places = {name: place for place, name in enumerate(request.form)}
        return dict(sorted(found.items(), key=lambda fault: places.get(fault[0], len(places))))


def as_given() -> dict[str, object]:
    """What was typed, to show it again: lists for fields that can be chosen more than once."""
    return {name: values if name == "flags" else values[0] for name, values in request.form.lists()}
