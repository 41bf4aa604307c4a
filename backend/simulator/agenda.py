"""What is still to happen in the town, in order of time; of the same moment, in the order it was put down."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count


class Clock:
    """The town's time, which only the town moves."""

    def __init__(self, starts_at: datetime) -> None:
        self._now = starts_at

    def now(self) -> datetime:
        return self._now

    def move_to(self, at: datetime) -> None:
        self._now = max(self._now, at)


class Agenda:
    """Deeds with their times."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._places = count()
        self._deeds: list[tuple[datetime, int, Callable[[], None]]] = []

    def put(self, at: datetime, deed: Callable[[], None]) -> None:
        """Put down a deed, at a whole second and never in the past."""
        whole = at.replace(microsecond=0) if at.microsecond else at
        heapq.heappush(self._deeds, (max(whole, self._clock.now()), next(self._places), deed))

    def put_in(self, wait: timedelta, deed: Callable[[], None]) -> None:
        self.put(self._clock.now() + wait, deed)

    def next_at(self) -> datetime | None:
        return self._deeds[0][0] if self._deeds else None

    def do_due(self) -> int:
        """Do what is due, also what these deeds put down for this very moment. Returns how much that was."""
        done = 0
        while self._deeds and self._deeds[0][0] <= self._clock.now():
            heapq.heappop(self._deeds)[2]()
            done += 1
        return done
