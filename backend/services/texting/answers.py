"""What a text answered is kept: scores on their check-in, corrections, offers, and all in the order texts were sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, select
from uuid_utils.compat import uuid7

from backend.domain.answers import InOrder, OfferState, Said, in_order_of_asking, read_in_turn, word_answers
from backend.domain.history import History
from backend.domain.replies import Reply
from backend.domain.scores import Measure, Nrs, measures_among
from backend.domain.triage import Verdict
from backend.services import audit
from backend.services.texting.history import Asked, Past, Place, Scored, offered_at
from backend.store.check_ins import CheckIn, FormerScore, Score
from backend.store.texts import InboundMessage
from backend.store.work import add_row, add_rows, change_row, run, table_of

_TEXTS = table_of(InboundMessage)
_SCORES = table_of(Score)
_SAID = select(_TEXTS.c.id, _TEXTS.c.body, _TEXTS.c.received_at).where(
    _TEXTS.c.clinic_id == bindparam("clinic"),
    _TEXTS.c.patient_id == bindparam("patient"),
    _TEXTS.c.check_in_id == bindparam("check_in"),
    _TEXTS.c.processed_at.is_not(None),
)
_DROP = delete(_SCORES).where(_SCORES.c.clinic_id == bindparam("clinic"), _SCORES.c.id == bindparam("score"))
_DROP_UNASKED = delete(_SCORES).where(
    _SCORES.c.clinic_id == bindparam("clinic"),
    _SCORES.c.inbound_id == bindparam("text"),
    _SCORES.c.measure == bindparam("of"),
    _SCORES.c.check_in_id.is_(None),
)


class Answering(NamedTuple):
    """A text that may answer a check-in: whose it is, where it stands among others, and when it is understood.

    `newest_at` is when the newest text was sent that is understood already.
    """

    clinic_id: UUID
    patient_id: UUID
    check_in: Asked | None
    text_id: UUID
    body: str
    received_at: datetime
    newest_at: datetime | None
    now: datetime

    @property
    def place(self) -> Place:
        return self.received_at, self.text_id


class Reread(NamedTuple):
    """The scores of a check-in once all its texts are read in the order they were sent, and when each was sent."""

    after: InOrder
    sent_at: Mapping[UUID, datetime]


# Texts that were understood in another order than they were sent -----------------------------------------------------


def read_in_order(text: Answering, past: Past) -> tuple[History, Reread | None]:
    """What is known before this text and, when texts sent after it were understood before it, what they say now."""
    check_in, history = text.check_in, past.history
    # A text of this very moment is seen by its score alone; one that gave none may still be a correction.
    later = past.out_of_order or (text.newest_at is not None and text.newest_at >= text.received_at)
    if check_in is None or not later or history.takes_no_score:
        return history, None
    said, offered = _said(text, check_in, past.told), offered_at(check_in)
    here = next(place for place, each in enumerate(said) if each.id == text.text_id)
    if here == len(said) - 1:
        return history, None
    before = read_in_turn(check_in.asks, said[:here], offered)
    after = read_in_turn(check_in.asks, said, offered)
    told = after.told
    stored = {_key(score): score.value for score in past.told}
    others = {m: score for m, score in told.items() if score.text != text.text_id and before.told.get(m) != score}
    history = replace(
        history,
        awaiting=in_order_of_asking(
            _left(check_in, history.awaiting, before), offered, text.received_at, before.doubted
        ),
        so_far=replace(history.so_far, given={m: score.value for m, score in before.told.items()}),
        later={m: score.value for m, score in others.items()},
        reread=frozenset(m for m, score in others.items() if stored.get((score.text, m)) != score.value),
    )
    return history, Reread(after, {each.id: each.at for each in said})


def _left(check_in: Asked, awaiting: Sequence[str], before: InOrder) -> list[str]:
    """What was awaited after the texts before: their scores decide on measures, what is known by now on the rest."""
    measures = measures_among(check_in.asks)
    return [item for item in check_in.asks if (item not in before.told if item in measures else item in awaiting)]


def _said(text: Answering, check_in: Asked, told: Sequence[Scored]) -> list[Said]:
    """The check-in's texts, this one among them, in the order they were sent."""
    given: dict[UUID, dict[Measure, Nrs]] = defaultdict(dict)
    for score in told:
        given[score.inbound_id][Measure(score.measure)] = Nrs(score.value)
    of = {"clinic": text.clinic_id, "patient": text.patient_id, "check_in": check_in.id}
    rows = [(row.received_at, row.id, row.body) for row in run(_SAID, of) if row.id != text.text_id]
    sent = sorted([*rows, (*text.place, text.body)])
    return [Said(identifier, body, at, given[identifier]) for at, identifier, body in sent]


# Scores --------------------------------------------------------------------------------------------------------------


def keep_scores(text: Answering, verdict: Verdict, past: Past, reread: Reread | None) -> None:
    """Store what was read for sure; what it takes the place of is kept as a former score."""
    taken = verdict.taken
    if reread is not None:
        _settle_order(text, past.told, reread)
    fresh = [m for m in taken.scores if m in taken.unasked or (reread is None and m not in taken.corrected)]
    add_rows(Score, [_row(text, m, taken.scores[m], asked=m not in taken.unasked) for m in fresh])
    if reread is None:
        _correct(text, {m: taken.scores[m] for m in taken.corrected}, past.told)


def _row(text: Answering, measure: Measure, value: Nrs, *, asked: bool) -> dict[str, Any]:
    check_in_id = text.check_in.id if text.check_in and asked else None
    return {
        "clinic_id": text.clinic_id, "patient_id": text.patient_id, "check_in_id": check_in_id,
        "inbound_id": text.text_id, "measure": measure.value, "value": int(value), "at": text.received_at,
    }  # fmt: skip


def _correct(text: Answering, corrected: Mapping[Measure, Nrs], told: Sequence[Scored]) -> None:
    for former in [score for score in told if score.measure in corrected]:
        _keep_former(text, former, "corrected")
        value = int(corrected[Measure(former.measure)])
        change_row(Score, (text.clinic_id, former.id), value=value, inbound_id=text.text_id, at=text.received_at)


def _settle_order(text: Answering, stored: Sequence[Scored], reread: Reread) -> None:
    """Make the check-in's scores what its texts say in order: those that turn out otherwise are former ones, and what
    turns out to have been asked by nobody stays, with no check-in.
    """
    after = reread.after
    right = {(score.text, measure): score.value for measure, score in after.told.items()}
    standing = {_key(score) for score in stored if right.get(_key(score)) == score.value}
    for former in [score for score in stored if _key(score) not in standing]:
        _keep_former(text, former, "reordered")
        if _key(former) in after.unasked:
            change_row(Score, (text.clinic_id, former.id), check_in_id=None)
        else:
            run(_DROP, {"clinic": text.clinic_id, "score": former.id})
    missing = [key for key in right if key not in standing]
    for inbound_id, measure in missing:
        run(_DROP_UNASKED, {"clinic": text.clinic_id, "text": inbound_id, "of": measure.value})
    rows = [
        _row(text, measure, right[inbound_id, measure], asked=True)
        | {"inbound_id": inbound_id, "at": reread.sent_at[inbound_id]}
        for inbound_id, measure in missing
    ]
    add_rows(Score, rows)


def _key(score: Scored) -> tuple[UUID, Measure]:
    return score.inbound_id, Measure(score.measure)


def _keep_former(text: Answering, former: Scored, because: str) -> None:
    identifier = uuid7()
    add_row(
        FormerScore, clinic_id=text.clinic_id, id=identifier, patient_id=text.patient_id,
        check_in_id=former.check_in_id, inbound_id=former.inbound_id, measure=former.measure, value=former.value,
        at=former.at, replaced_at=text.now, replaced_by=text.text_id, because=because,
    )  # fmt: skip
    audit.record(text.clinic_id, audit.SYSTEM, "score_replaced", identifier, text.now, because)


# Progress ------------------------------------------------------------------------------------------------------------


def keep_progress(text: Answering, reply: Reply, verdict: Verdict, history: History) -> None:
    """What the check-in was told and offered, and whether that was all it asked."""
    if text.check_in is None or history.takes_no_score:
        return
    progress: dict[str, object] = {}
    if "safety" in history.awaiting and reply.safe is not None:
        progress["safe"] = reply.safe
    progress |= {item: told.value for item, told in word_answers(history.awaiting, reply).items()}
    if verdict.unreadable:
        progress["unreadable"] = text.check_in.unreadable + 1
    if history.awaiting and not verdict.left and text.check_in.answered_at is None:
        progress["answered_at"] = text.received_at
    if verdict.offer is not None or verdict.taken.settled is not None:
        progress["offers"] = _offers(text, text.check_in, verdict, history)
    if progress:
        change_row(CheckIn, (text.clinic_id, text.check_in.id), **progress)


def _offers(text: Answering, check_in: Asked, verdict: Verdict, history: History) -> dict[str, Any]:
    offers: dict[str, Any] = dict(check_in.offers or {})
    settled, offered = verdict.taken.settled, history.so_far.offered
    if settled is not None and offered is not None:
        offers[offered.measure] = offers[offered.measure] | {"state": settled.value}
    if verdict.offer is not None:
        fresh = {
            "value": int(verdict.offer.value),
            "sent_at": text.received_at.isoformat(),
            "at": text.now.isoformat(),
            "state": OfferState.OPEN.value,
        }
        offers[verdict.offer.measure] = fresh
    return offers
