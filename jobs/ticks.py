"""One thin function a tick: each looks for one kind of work and does all of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.services import audit
from backend.services.cases import paging
from backend.services.cases.losses import on_failure
from backend.services.clinic import protocols
from backend.services.house import House
from backend.services.patients import check_ins, numbers
from backend.services.texting import blocks, inbox, outbox, reconcile

SENDERS = 8  # texts in flight at once, and so connections to the carrier


@dataclass(frozen=True, slots=True)
class Tick:
    """A name for the logs, how often (seconds), and what looks for the work and says how much it did."""

    name: str
    every: float
    work: Callable[[House], int]


class Daily:
    """Work that goes over much and so is done once a day, by the time that patients and staff live in."""

    def __init__(self, work: Callable[[House], int]) -> None:
        self._work = work
        self._last: datetime | None = None

    def __call__(self, house: House) -> int:
        now = house.now()
        if self._last is not None and now - self._last < timedelta(days=1):
            return 0
        self._last = now
        return self._work(house)


class Senders:
    """Two pools, so that no wave of prompts stands before a page or a crisis text; and what is done once a day."""

    def __init__(self, pool: Callable[..., ThreadPoolExecutor] = ThreadPoolExecutor) -> None:
        self._safety = pool(SENDERS, thread_name_prefix="safety")
        self._others = pool(SENDERS, thread_name_prefix="others")
        self.blocks = Daily(blocks.take_over_blocks)

    def safety_texts(self, house: House) -> int:
        return outbox.send_due(house, self._safety, on_failure, safety=True)

    def other_texts(self, house: House) -> int:
        return outbox.send_due(house, self._others, on_failure, safety=False)

    def close(self) -> None:
        for pool in (self._safety, self._others):
            pool.shutdown(wait=True)


def ticks(senders: Senders) -> tuple[Tick, ...]:
    """Every tick of the clock, the most urgent first."""
    return (
        Tick("page", 1, paging.page_overdue),
        Tick("send safety texts", 0.5, senders.safety_texts),
        Tick("understand", 2, inbox.understand_left_behind),
        Tick("chase unconfirmed", 2, lambda house: outbox.chase_unconfirmed(house, on_failure)),
        Tick("prompt", 1, check_ins.prompt_due),
        Tick("send other texts", 1, senders.other_texts),
        Tick("settle unknown", 5, lambda house: outbox.settle_unknown(house, on_failure)),
        Tick("remind", 30, check_ins.remind_silent),
        Tick("miss", 10, check_ins.miss_overdue),
        Tick("plan anew", 15, protocols.plan_anew),
        Tick("new numbers", 300, numbers.tell_of_unanswered),
        Tick("take in missed", 60, reconcile.take_in_missed),
        Tick("carrier's blocks", 600, senders.blocks),
        Tick("seal audit", 10, lambda _house: audit.seal_new()),
    )
