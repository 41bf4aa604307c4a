"""One patient's whole story over the API."""

from uuid import UUID

from backend.services.patients import enrolment
from backend.services.patients.timeline import Entry, timeline_of
from backend.web.api.access import clinic_id, note_views
from backend.web.api.fields import Answer, Moment
from backend.web.api.operation import operation
from backend.web.api.paging import Page, Place, place_of

TIMELINE = "timeline"
MOST = 2000
"""How far back the pages reach."""


class EntryShown(Answer):
    """One thing that happened: `treatment`, `check_in`, `text_in`, `text_out`, `consent`, `standing`,
    `questionnaire` or `case_…`.
    """

    id: UUID
    at: Moment
    kind: str
    text: str
    detail: str


class TimelinePage(Answer):
    """A page of what happened, newest first, what is planned on top."""

    items: list[EntryShown]
    next_cursor: str | None


@operation(
    "GET",
    "/patients/<uuid:patient_id>/timeline",
    "patients:read",
    "messages:read",
    "escalations:read",
    answer=TimelinePage,
    query=Page,
)
def get_timeline(patient_id: UUID, query: Page) -> TimelinePage:
    """A patient's treatments, check-ins, texts, consent and cases in the order of time."""
    enrolment.patient_of(clinic_id(), patient_id)
    entries = sorted(timeline_of(clinic_id(), patient_id, newest=MOST), key=_place, reverse=True)
    place = place_of(query, TIMELINE)
    rest = [entry for entry in entries if place is None or _place(entry) < (place.at, place.id.hex)]
    items, more = rest[: query.limit], len(rest) > query.limit
    note_views("timeline_viewed", [patient_id])
    cursor = Place(items[-1].at, items[-1].id).cursor(TIMELINE) if more else None
    shown = [
        EntryShown(id=entry.id, at=entry.at, kind=entry.kind, text=entry.text, detail=entry.detail) for entry in items
    ]
    return TimelinePage(items=shown, next_cursor=cursor)


def _place(entry: Entry) -> tuple[object, str]:
    return entry.at, entry.id.hex
