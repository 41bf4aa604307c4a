"""What is due next: events kept in the ledger, done by `pump` or by threads that watch the town clock."""

import logging
from collections.abc import Callable
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Event as Signal
from threading import Thread
from typing import Any

from backend.sandbox.ledger import Event, Ledger
from backend.sandbox.town import TownClock

Handler = Callable[[dict[str, Any]], None]

_WORKERS = 4
_GLANCE = 0.05  # seconds between looks at a clock that another process may have moved
_MOST_AT_ONCE = 100_000
_log = logging.getLogger(__name__)


class Agenda:
    """Plans by town time. Kinds registered with `slow=True` wait for the network and get threads of their own."""

    def __init__(self, ledger: Ledger, town: TownClock, *, background: bool) -> None:
        self._ledger = ledger
        self._town = town
        self._handlers: dict[str, Handler] = {}
        self._slow: set[str] = set()
        self._jobs: SimpleQueue[Event] = SimpleQueue()
        self._wake = Signal()
        self._stopped = Signal()
        self.pace = 1.0 if background else 0.0

    def register(self, kind: str, handler: Handler, *, slow: bool = False) -> None:
        self._handlers[kind] = handler
        if slow:
            self._slow.add(kind)

    def now(self) -> float:
        return self._town.now().timestamp()

    def town_time(self) -> datetime:
        return self._town.now()

    def soon(self, seconds: float, kind: str, **payload: object) -> None:
        """Plan a step of the carrier's own work: a moment later, or at the next pump if there are no threads."""
        self.later(seconds * self.pace, kind, **payload)

    def later(self, seconds: float, kind: str, **payload: object) -> None:
        """Plan for `seconds` of town time from now."""
        self._ledger.plan(self.now() + seconds, kind, **payload)
        self._wake.set()

    def pump(self) -> int:
        """Do everything that is due at the town's now, and what that brings; return how much it was."""
        for done in range(_MOST_AT_ONCE):
            event = self._ledger.take_due(self.now())
            if event is None:
                return done
            self._do(event)
        raise RuntimeError("the sandbox's agenda never empties")

    def start(self) -> None:
        Thread(target=self._watch, name="sandbox-agenda", daemon=True).start()
        for number in range(_WORKERS):
            Thread(target=self._work, name=f"sandbox-worker-{number}", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            event = self._ledger.take_due(self.now())
            if event is None:
                self._wake.wait(_GLANCE)
            elif event.kind in self._slow:
                self._jobs.put(event)
            else:
                self._do_safely(event)

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                self._do_safely(self._jobs.get(timeout=0.5))
            except Empty:
                continue

    def _do_safely(self, event: Event) -> None:
        try:
            self._do(event)
        except Exception:  # noqa: BLE001 - a thread of the carrier outlives whatever one event brings
            _log.exception("the sandbox could not do %s", event.kind)

    def _do(self, event: Event) -> None:
        self._handlers[event.kind](event.payload)
