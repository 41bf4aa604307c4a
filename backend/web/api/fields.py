"""The kinds of value the API takes and gives, each refused with words that never repeat what was given."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)

from backend.domain.countries import as_country
from backend.domain.phone import parse_phone
from backend.domain.schedule import zone_named

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_COUNTRY = re.compile(r"[A-Z]{2}")
_YEARS = range(2000, 2101)
_MOST_DIGITS = 4

LEFT_OUT: Any = None
"""Stands in a field that may be left out but not be null; `model_fields_set` tells whether it was there."""


class Body(BaseModel):
    """A JSON body as it comes in: nothing is guessed, and what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """What stands after the question mark, where everything is text."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """A JSON answer."""

    model_config = ConfigDict(extra="forbid")


def as_time(value: Any) -> datetime:
    """The RFC 3339 time in UTC; a number is no time, and neither is a time without its offset."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("write the time with its offset, such as 2026-01-31T16:00:00-05:00")
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("there is no such day or time; check the date") from None
    if found.year not in _YEARS:
        raise ValueError(f"write a year between {_YEARS[0]} and {_YEARS[-1]}")
    return found.astimezone(UTC)


def as_clock(value: Any) -> time:
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError("write the hour as HH:MM, such as 14:30")
    return time.fromisoformat(value)


def as_day(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("write the day as 1990-01-31")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("there is no such day; check the date") from None


def as_id(value: Any) -> UUID:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("write the id as it was given, such as 01890a5d-ac96-774b-bcce-b302099a8057")
    return UUID(value)


def as_count(value: Any) -> int:
    """Digits of a query; `int` by itself would also take `1_0` and ` 5 `."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS):
        raise ValueError("write a whole number")
    return int(value)


@dataclass(frozen=True, slots=True)
class OneOf:
    """Text that is one of these words."""

    allowed: Sequence[str]

    def known(self, value: str) -> str:
        if value not in self.allowed:
            raise ValueError(f"choose one of {', '.join(self.allowed)}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return AfterValidator(self.known).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, _schema: object, _handler: object) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.allowed)}


def _printable(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("write printable characters")
    return value


def _a_zone(value: str) -> str:
    zone_named(value)
    return value


def _a_country(value: str) -> str:
    if not _COUNTRY.fullmatch(value):
        raise ValueError("write the country's two capital letters, such as US")
    return as_country(value)


Time = Annotated[datetime, BeforeValidator(as_time), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time that comes in."""

Clock = Annotated[
    time,
    BeforeValidator(as_clock),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "description": "Such as 14:30."}),
]
"""A local hour that comes in."""

Day = Annotated[date, BeforeValidator(as_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar day that comes in."""

Moment = AwareDatetime
"""A time that goes out."""

Id = Annotated[UUID, BeforeValidator(as_id), WithJsonSchema({"type": "string", "format": "uuid"})]

Score = Annotated[int, Field(ge=0, le=10, description="A numeric rating: a whole number from 0 to 10.")]

Name = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_printable)]

Reference = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_printable)]
"""A name in the caller's own system."""

Evidence = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    AfterValidator(_printable),
    Field(description="Where it is documented."),
]

Phone = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(parse_phone),
    Field(description="E.164, such as +14155550100. It must be a number of the patient's country."),
]

Zone = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_a_zone),
    Field(description="IANA time zone, such as America/New_York."),
]

Country = Annotated[
    str,
    AfterValidator(_a_country),
    Field(
        description="ISO 3166 code. Only countries with signed crisis resources are taken.",
        json_schema_extra={"pattern": "^[A-Z]{2}$"},
    ),
]

Limit = Annotated[
    int,
    BeforeValidator(as_count),
    Field(ge=1, le=200, description="The most items on a page."),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
]

Cursor = Annotated[str, Field(max_length=200, description="The `next_cursor` of the page before.")]

StaffName = Annotated[
    str,
    StringConstraints(min_length=3, max_length=120),
    Field(description="Who at the clinic does this: the id or the e-mail address of an active member of staff."),
]
