"""How much memory a whole deployment holds after it has worked: web with two workers, and the clock."""

from collections.abc import Iterator

from benchmarks.inbound import our_server
from benchmarks.place import on_sqlite
from benchmarks.processes import clock, family, memory_mb, sandbox
from benchmarks.table import Line, below

AIM = 400


def measure(*, quick: bool) -> Iterator[Line]:
    """The sum of what each process holds, and of what it holds once shared pages are counted once."""
    with (
        on_sqlite() as place,
        sandbox(place.sandbox_port, place.environment),
        clock(place.environment) as ticking,
        our_server(place) as (server, serving),
    ):
        server.fire(40 if quick else 1000)
        pids = [*family(serving), *family(ticking)]
        resident, shared_once = memory_mb(pids, "Rss"), memory_mb(pids, "Pss")
    what = f"web (master and {len(pids) - 2} workers) and clock"
    yield Line("memory", f"{what}: resident (RSS, shared pages counted each time)", f"{resident:.0f} MB")
    yield Line("memory", f"{what}: resident (PSS)", f"{shared_once:.0f} MB", **below(shared_once, AIM, "MB"))
