"""ISO 8601 durations of fixed length, such as PT4H, as timedeltas."""

import re
from datetime import timedelta

FORM = "an ISO 8601 duration such as PT15M, PT4H, P1D, P2W or P1DT2H30M"

_PATTERN = re.compile(
    r"P(?!$)(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?!$)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,10}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)


def duration(text: str) -> timedelta:
    """Parse `text`; ValueError says the form (months and years have no fixed length and are refused)."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"expected {FORM}")
    return timedelta(**{unit: float(number) for unit, number in found.groupdict().items() if number})
