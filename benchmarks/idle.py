"""How long the clock looks for work when there is none, with few and with many check-ins planned."""

import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median

from backend.store.database import db
from backend.web.current import HOUSE
from benchmarks.place import Place, enrol, on_sqlite
from benchmarks.table import Line, at_most
from jobs.ticks import Senders, ticks

AIM = 1.5  # the same within the noise of this measurement
ASKS_THE_CARRIER = "take in missed"
COLUMNS = "clinic_id, id, patient_id, treatment_id, name, asks, due_at, send_by, answer_by"


def measure(*, quick: bool) -> Iterator[Line]:
    """One pass of every tick but the one that asks the carrier, whose time is not the database's."""
    few, many, passes = (1_000, 5_000, 10) if quick else (10_000, 1_000_000, 300)
    with on_sqlite() as place:
        enrol(place, 100, due_at=datetime.now(UTC) + timedelta(days=1), prompted=False)
        _plan(place, few)
        small = _pass_ms(place, passes)
        _plan(place, many - few)
        large = _pass_ms(place, passes)
    what = f"a pass of all ticks, nothing due: {many:,} check-ins beside {few:,}"
    yield Line("idle", what, f"{large:.2f} ms", f"{small:.2f} ms", **at_most(large / small, AIM))


def _plan(place: Place, many: int) -> None:
    """That many more check-ins, all in the future, on the treatments that are there."""
    connection = sqlite3.connect(place.folder / "aftercare.db", isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    rows = connection.execute("SELECT clinic_id, patient_id, treatment_id FROM check_ins LIMIT 100").fetchall()
    start = connection.execute("SELECT count(*) FROM check_ins").fetchone()[0]
    now = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2)
    planned = (
        (
            clinic,
            f"{n:032x}",
            patient,
            treatment,
            f"c{n}",
            "[]",
            *(_stored(now + timedelta(seconds=n + s)) for s in (0, 9, 99)),
        )
        for n, (clinic, patient, treatment) in ((n, rows[n % len(rows)]) for n in range(start, start + many))
    )
    connection.execute("BEGIN")
    while batch := list(islice(planned, 20_000)):
        connection.executemany(f"INSERT INTO check_ins ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", batch)  # noqa: S608 - fixed
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.close()


def _stored(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="microseconds")


def _pass_ms(place: Place, passes: int) -> float:
    app, senders = place.app(), Senders()
    looks = [tick.work for tick in ticks(senders) if tick.name != ASKS_THE_CARRIER]
    taken = []
    with app.app_context():
        house = app.extensions[HOUSE]
        for look in looks:  # seals what setting up left, and warms up
            look(house)
        for _ in range(passes):
            started = time.perf_counter()
            found = [look(house) for look in looks]
            taken.append((time.perf_counter() - started) * 1000)
            if any(found):
                raise RuntimeError("something was due: this measures nothing")
        db.session.remove()
        db.engine.dispose()
    senders.close()
    return median(taken)
