"""Pages of a list: an opaque cursor says after which row the next one begins, so that no row comes twice or never."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_

from backend.services.invalid import Invalid
from backend.store.database import db
from backend.web.api.fields import Cursor, Limit, Query

Row = TypeVar("Row")
DEFAULT_LIMIT = 50


class Page(Query):
    """Which page is asked for."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in its list: a time, and the row's id among rows of the same time."""

    at: datetime
    id: UUID

    def cursor(self, of: str) -> str:
        text = json.dumps([of, self.at.isoformat(), self.id.hex])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(page: Page, of: str) -> Place | None:
    """Where the page before ended; None for the first page. Raises `Invalid` for a cursor that is not this list's."""
    if page.cursor is None:
        return None
    try:
        padded = page.cursor + "=" * (-len(page.cursor) % 4)
        listed, at, row = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        place = Place(datetime.fromisoformat(at), UUID(hex=row))
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        listed, place = None, None
    if listed != of or place is None or place.at.tzinfo is None:
        raise Invalid({"cursor": "use the next_cursor of the page before, as it was given"})
    return place


def after(place: Place, at: Any, row_id: Any, *, newest_first: bool) -> ColumnElement[bool]:
    """The rows that come later in the list than this place."""
    if newest_first:
        return or_(at < place.at, and_(at == place.at, row_id < place.id))
    return or_(at > place.at, and_(at == place.at, row_id > place.id))


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """One list of the API: its name, the model, the column of its time and its direction."""

    name: str
    model: type[Row]
    at: str
    newest_first: bool = False

    def place(self, row: Row) -> Place:
        row_id: UUID = getattr(row, "id")  # noqa: B009 - every model has one, which `Row` cannot say
        return Place(getattr(row, self.at), row_id)

    def beyond(self, page: Page, chosen: Select[Row], most: int) -> Sequence[Row]:
        """Up to `most` of the chosen rows that come after the page before."""
        model: Any = self.model
        at, place = getattr(model, self.at), place_of(page, self.name)
        if place is not None:
            chosen = chosen.where(after(place, at, model.id, newest_first=self.newest_first))
        order = (at.desc(), model.id.desc()) if self.newest_first else (at, model.id)
        return db.session.scalars(chosen.order_by(*order).limit(most)).all()

    def take(self, page: Page, chosen: Select[Row]) -> tuple[Sequence[Row], str | None]:
        """This page's rows, and the cursor of the next page if there is one."""
        rows = self.beyond(page, chosen, page.limit + 1)
        more = len(rows) > page.limit
        rows = rows[: page.limit]
        return rows, self.place(rows[-1]).cursor(self.name) if more else None
