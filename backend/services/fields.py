"""What a form or a request says, taken field by field, with everything that is wrong said at once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from backend.domain.scores import BASELINES, Nrs
from backend.services.invalid import Invalid

MOST_NAME = 120
MOST_EVIDENCE = 500


class Faults(dict[str, str]):
    """Collects what is wrong with each field, so that all of it is said at once."""

    def check(self, name: str, take: Any, value: Any) -> Any:
        """`take(value)`, or a fault under this field's name."""
        try:
            return take(value)
        except ValueError as error:
            self[name] = str(error)
            return None

    def done(self) -> None:
        if self:
            raise Invalid(self)


def check_baseline(baseline: Mapping[str, int], faults: Faults) -> None:
    for measure, value in baseline.items():
        faults.check("baseline", one_of([known.value for known in BASELINES]), measure)
        faults.check(f"baseline.{measure}", Nrs, value)


def as_name(value: str) -> str:
    text = " ".join(value.split())
    if not 0 < len(text) <= MOST_NAME or not text.isprintable():
        raise ValueError(f"write between 1 and {MOST_NAME} printable characters")
    return text


def as_email(value: str) -> str:
    text = value.strip()
    name, at, host = text.partition("@")
    if not (name and at and "." in host and text.isprintable() and " " not in text and len(text) <= MOST_NAME):
        raise ValueError("write an e-mail address, such as noor@clinic.example")
    return text


def as_evidence(value: str, field: str = "evidence") -> str:
    """Where something is documented. Raises `Invalid`."""
    text = value.strip()
    if not 0 < len(text) <= MOST_EVIDENCE or not text.isprintable():
        raise Invalid({field: f"say in 1 to {MOST_EVIDENCE} characters where it is documented"})
    return text


def one_of(allowed: Sequence[str]) -> Any:
    def take(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"choose one of {', '.join(allowed)}")
        return value

    return take


def not_after(latest: datetime) -> Any:
    def take(value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("write the time with its offset, such as 2026-01-31T16:00:00-05:00")
        if value.astimezone(UTC) > latest:
            raise ValueError("this time lies in the future; check the date")
        return value

    return take
