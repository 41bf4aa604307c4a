"""The town clock: real time plus an offset that only grows, shared by every sandbox process through one small file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fcntl import LOCK_EX, flock
from os import fsync, getpid
from pathlib import Path
from threading import Lock, get_ident

_FOREVER = timedelta(days=365 * 50)


class TownClock:
    """Tells the town's time in aware UTC; whoever holds the same path holds the same clock.

    A missing file means that nobody has moved the clock yet. Reading costs one `stat` while the file is unchanged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._offset = timedelta()
        self._reading = Lock()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset()

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward for everybody and return the new time; ValueError if that would go backwards."""
        if by < timedelta():
            raise ValueError("the town clock never goes backwards")
        with self._alone():
            offset = self.offset() + by
            if offset > _FOREVER:
                raise ValueError("the town clock goes no further than fifty years ahead")
            self._write(offset)
        return self.now()

    def offset(self) -> timedelta:
        """How far the town is ahead of real time."""
        with self._reading:
            stamp = self._stamp()
            if stamp != self._seen:
                self._offset = self._read() if stamp else timedelta()
                self._seen = stamp
            return self._offset

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_ino, stat.st_size

    def _read(self) -> timedelta:
        return timedelta(seconds=float(json.loads(self._path.read_text(encoding="utf-8"))["offset_seconds"]))

    def _write(self, offset: timedelta) -> None:
        draft = self._path.with_name(f"{self._path.name}.{getpid()}.{get_ident()}")
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"offset_seconds": offset.total_seconds()}, file)
            file.flush()
            fsync(file.fileno())
        draft.replace(self._path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the clock against every other process and thread; the lock's own file is never replaced."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name(f"{self._path.name}.lock").open("a", encoding="utf-8") as lock:
            flock(lock, LOCK_EX)
            yield
