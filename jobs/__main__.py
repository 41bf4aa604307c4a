"""`python -m jobs`: the clock process. Any number may run; each row goes to exactly one of them."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from types import FrameType

import structlog
from alembic.script import ScriptDirectory
from apiflask import APIFlask
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from backend.app import create_app
from backend.messaging.heartbeat import ping
from backend.services.house import House
from backend.services.operating.health import beat, health_of
from backend.web.current import HOUSE
from config.settings import SettingsError
from jobs.ticks import Senders, Tick, ticks

BEAT_EVERY = 5.0
SIGN_OF_LIFE_EVERY = 60.0
STUCK_AFTER = 120.0
"""The scheduler keeps time by the wall clock, which can be set back; a heart that stops makes the supervisor start us
anew."""

log = structlog.get_logger(__name__)


class Clock:
    """The scheduler with its ticks, and a watch on its own heart."""

    def __init__(self, app: APIFlask) -> None:
        self._app = app
        self._house: House = app.extensions[HOUSE]
        self._senders = Senders()
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._last_beat = time.monotonic()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(12), "heart": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        now = datetime.now(UTC)
        for tick in ticks(self._senders):
            self._scheduler.add_job(self._run, "interval", (tick,), seconds=tick.every, next_run_time=now, id=tick.name)
        self._scheduler.add_job(
            self._beat, "interval", seconds=BEAT_EVERY, next_run_time=now, executor="heart", id="heartbeat"
        )
        if self._house.heartbeat_url:
            self._scheduler.add_job(
                self._sign_of_life, "interval", seconds=SIGN_OF_LIFE_EVERY, executor="heart", id="sign of life"
            )
        self._scheduler.add_listener(_log_error, EVENT_JOB_ERROR)
        self._scheduler.start()

    def watch(self, stopping: threading.Event) -> bool:
        """Wait for the end. False when the heart stopped by itself."""
        while not stopping.wait(1.0):
            if time.monotonic() - self._last_beat > STUCK_AFTER:
                return False
        return True

    def stop(self) -> None:
        """Finish the rows in hand and leave the rest to others."""
        self._scheduler.shutdown(wait=True)
        self._senders.close()

    def _run(self, tick: Tick) -> None:
        with self._app.app_context():
            started = time.monotonic()
            done = tick.work(self._house)
            if done:
                log.info("tick", tick=tick.name, count=done, seconds=round(time.monotonic() - started, 3))

    def _beat(self) -> None:
        with self._app.app_context():
            beat(self._name, self._house)
        self._last_beat = time.monotonic()

    def _sign_of_life(self) -> None:
        """Ping the outside watcher, but only while all is well: its alarm is for what we cannot say ourselves."""
        migrations = ScriptDirectory(self._app.extensions["migrate"].directory)
        with self._app.app_context():
            well = health_of(self._house, migrations).is_well
        if well and self._house.heartbeat_url:
            ping(self._house.heartbeat_url)


def _log_error(event: JobExecutionEvent) -> None:
    log.error("tick failed", tick=event.job_id, error=type(event.exception).__name__)


def main() -> int:
    """Run until told to stop. 0 when told, 1 when the heart stopped, 2 when it must not start."""
    try:
        app = create_app()
    except SettingsError as refused:
        sys.stderr.write("Aftercare does not start:\n" + "".join(f"  {fault}\n" for fault in refused.faults))
        return 2
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    clock = Clock(app)
    clock.start()
    if not clock.watch(stopping):
        log.error("heart stopped")
        os._exit(1)  # a stuck thread would keep a polite exit waiting for ever
    clock.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
