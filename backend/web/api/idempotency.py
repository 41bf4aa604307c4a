"""`Idempotency-Key`: a POST that is sent again is answered again, and nothing is done twice.

A key belongs to one token. It is reserved before the work; the very transaction that does the work marks it as done, so
that a crash at any moment leaves either nothing done and the key free again (after `TAKE_OVER`), or the work done and
the key spent. A refusal (4xx) did nothing and frees the key at once: the same key may carry the mended request.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Response, current_app, request
from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from backend.services.invalid import Conflict, Invalid
from backend.store.database import WRITES, db, keyring, secret_digest
from backend.store.staff import IdempotentAnswer
from backend.store.work import claim, insert_once, transaction
from backend.web.api.access import owner
from backend.web.api.problems import problem
from backend.web.current import house

HEADER = "Idempotency-Key"
FORM = r"^[!-~]{1,255}$"
RESERVED, DONE = 0, 1
"""Stand in the status column until the answer's own status does."""
TAKE_OVER = timedelta(seconds=60)

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Reservation:
    """A key that this request may use. `since` fences it: whoever takes it over sets another time."""

    clinic_id: UUID
    id: UUID
    since: datetime

    def mark(self, **values: object) -> bool:
        """Set what became of it, inside a transaction; False once another request has taken the key over."""
        mine = (IdempotentAnswer.created_at == self.since, IdempotentAnswer.status.in_((RESERVED, DONE)))
        return claim(IdempotentAnswer, (self.clinic_id, self.id), *mine, **values)


def idempotent(view: View) -> View:
    """Let the view answer the repeat of a request with what it answered first."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER)
        if key is None:
            return view(*args, **kwargs)
        if not re.fullmatch(FORM, key):
            raise Invalid({HEADER: "write between 1 and 255 visible ASCII characters"})
        reserved = _reserve(key)
        if isinstance(reserved, Response):
            return reserved
        return _once(reserved, lambda: current_app.make_response(view(*args, **kwargs)))

    return answered


def _once(reserved: Reservation, work: Callable[[], Response]) -> Response:
    try:
        with _marking(reserved):
            answer = work()
    except Exception:
        _free(reserved)  # unless its work was committed
        raise
    with transaction():
        reserved.mark(status=answer.status_code, body=answer.get_data(as_text=True))
    return answer


def _reserve(key: str) -> Reservation | Response:
    """The key for this request's use, or the answer when it was used before."""
    now, clinic_id = house().machine_now(), owner().clinic_id
    key_digest, fingerprints = secret_digest(f"{owner().token_id} {key}"), _fingerprints()
    new = Reservation(clinic_id, uuid7(), now)
    with transaction() as session:
        if insert_once(
            IdempotentAnswer, id=new.id, clinic_id=clinic_id, key_digest=key_digest, request_digest=fingerprints[0],
            status=RESERVED, body="", created_at=now,
        ):  # fmt: skip
            return new
        kept = session.scalars(
            select(IdempotentAnswer).where(
                IdempotentAnswer.clinic_id == clinic_id, IdempotentAnswer.key_digest == key_digest
            )
        ).one_or_none()
        if kept is not None and kept.request_digest not in fingerprints:
            raise Invalid({HEADER: "this key was used for another request; make a new one"})
        if kept is not None and kept.status == RESERVED and kept.created_at < now - TAKE_OVER:
            old = Reservation(clinic_id, kept.id, kept.created_at)
            if old.mark(created_at=now):
                return Reservation(clinic_id, kept.id, now)
        return _repeated(kept)


def _repeated(kept: IdempotentAnswer | None) -> Response:
    soon = {"Retry-After": "1"}
    if kept is None or kept.status == RESERVED:
        return problem(409, "A request with this key is still being worked on. Try again in a moment.", headers=soon)
    if kept.status == DONE:
        words = "A request with this key was carried out, but its answer is not kept. Read what is there instead."
        return problem(409, words, headers=soon)
    return Response(kept.body, kept.status, {"Idempotency-Replayed": "true"}, content_type="application/json")


def _fingerprints() -> tuple[bytes, ...]:
    """The same for the same request, whatever the spacing and order of its JSON; keyed, since bodies name patients."""
    body = request.get_json(force=True) if request.get_data() else None
    canonical = json.dumps([request.method, request.path, body], sort_keys=True)
    return keyring().digests(secret_digest(canonical).hex())


@contextmanager
def _marking(reserved: Reservation) -> Iterator[None]:
    """Whatever commits first inside marks the key as done in the same transaction."""
    session, marked = db.session(), False

    def mark_done(committing: Session) -> None:
        nonlocal marked
        if marked or not committing.connection().get_execution_options().get(WRITES, False):
            return
        if not reserved.mark(status=DONE):
            raise Conflict("Another request with this key has taken over. Try again in a moment.")
        marked = True

    event.listen(session, "before_commit", mark_done)
    try:
        yield
    finally:
        event.remove(session, "before_commit", mark_done)


def _free(reserved: Reservation) -> None:
    with transaction() as session:
        session.execute(
            delete(IdempotentAnswer).where(
                IdempotentAnswer.clinic_id == reserved.clinic_id,
                IdempotentAnswer.id == reserved.id,
                IdempotentAnswer.created_at == reserved.since,
                IdempotentAnswer.status == RESERVED,
            )
        )
