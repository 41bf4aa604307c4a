"""A score: a whole number from 0 to 10 on a named measure."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self


class Measure(StrEnum):
    """What is asked on a numeric rating scale. 10 is the best mood and sleep, and the worst pain."""

    MOOD = "mood"
    PAIN = "pain"
    SLEEP = "sleep"

    @property
    def more_is_better(self) -> bool:
        return self is not Measure.PAIN


BASELINES = (Measure.MOOD, Measure.PAIN)
"""What every patient is asked, and scored before a treatment."""
_MEASURES = {measure.value: measure for measure in Measure}


def measures_among(items: Iterable[str]) -> tuple[Measure, ...]:
    """The measures among what a check-in asks, in its order."""
    return tuple(_MEASURES[item] for item in items if item in _MEASURES)


class Nrs(int):
    """A numeric rating (NRS-11): a whole number 0-10. Anything else raises `ValueError`."""

    def __new__(cls, value: int) -> Self:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10:  # noqa: PLR2004 - the scale
            msg = "a score is a whole number from 0 to 10"
            raise ValueError(msg)
        return super().__new__(cls, value)
