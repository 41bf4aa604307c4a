"""The first page: what is open, worst first."""

from flask import Response, render_template, request

from backend.services.cases.queue import open_cases, queue_mark, resolved_recently, urgent_count
from backend.services.cases.staffing import Staffing
from backend.web.console.blueprint import console
from backend.web.console.refreshing import etag, part, unchanged
from backend.web.current import house
from backend.web.security import me, my_clinic


@console.get("/")
def queue() -> str:
    return render_template("console/queue.html", **_facts())


@console.get("/live/queue")
def live_queue() -> Response:
    """The list by itself, for the page that refreshes itself; 304 while nothing changed."""
    mark = _mark()
    return unchanged(mark) or part(mark, "console/_queue.html", **_facts())


@console.get("/live/alarm")
def live_alarm() -> Response:
    """How many stat and asap cases are open, for every other page."""
    mark = etag(urgent_count(my_clinic().id))
    return unchanged(mark) or part(mark, "console/_alarm.html")


def _facts() -> dict[str, object]:
    mine = "mine" in request.args
    clinic, now = my_clinic(), house().now()
    people = Staffing(clinic, now)
    return {
        "rows": open_cases(clinic.id, mine=me().id if mine else None),
        "closed": resolved_recently(clinic.id, most=12),
        "mine": mine,
        "on_call": [people.everybody[staff_id].name for staff_id in people.on_call if staff_id in people.everybody],
        "mark": _mark(),
    }


def _mark() -> str:
    return etag(queue_mark(my_clinic().id, house().now()), "mine" in request.args)
