"""How mood and pain go after treatments: a gain that comes within hours and wanes over weeks, or none, or worse."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

# Clinical notes 1e and 2: 25-30 % do not respond, 8.4 % got worse, median relapse 18 days after the last treatment.
NO_RESPONSE, WORSE = 0.27, 0.08
RELAPSE_DAYS = 18.0
_PER_TREATMENT = 0.5
"""The part of what is still missing to the full gain that each treatment of a series brings."""
_SERIES = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Course:
    """One person's course: scores without treatment, what a whole series brings, and after how long half is gone."""

    mood: float
    pain: float
    gain: float
    lasts: float

    def scores(self, treated_at: Sequence[datetime], now: datetime, dice: Random) -> tuple[int, int]:
        """Mood and pain, 0-10, as this person would say them now."""
        effect = self._effect(treated_at, now)
        mood = self.mood + effect + dice.gauss(0.0, 0.8)
        pain = self.pain - 0.8 * effect + dice.gauss(0.0, 0.8)
        return _nrs(mood), _nrs(pain)

    def _effect(self, treated_at: Sequence[datetime], now: datetime) -> float:
        past = [at for at in treated_at if at <= now]
        if not past:
            return 0.0
        series = sum(at > past[-1] - _SERIES for at in past)
        days = (now - past[-1]) / timedelta(days=1)
        return self.gain * (1 - _PER_TREATMENT**series) / (1 + (days / self.lasts) ** 4)


def some_course(dice: Random) -> Course:
    kind = dice.random()
    if kind < WORSE:
        gain = dice.gauss(-1.5, 0.5)
    elif kind < WORSE + NO_RESPONSE:
        gain = dice.gauss(0.2, 0.4)
    else:
        gain = dice.gauss(3.4, 0.8)
    return Course(
        mood=dice.gauss(4.4, 1.0), pain=dice.gauss(5.6, 1.3), gain=gain,
        lasts=RELAPSE_DAYS * math.exp(dice.gauss(0.0, 0.5)),
    )  # fmt: skip


def _nrs(value: float) -> int:
    return min(max(round(value), 0), 10)
