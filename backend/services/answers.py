"""What a text answered is kept: scores on their check-in, corrections, offers, and all in the order texts were sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, select
from uuid_utils.compat import uuid7

from backend.domain.answers import OfferState, Said, Told, told_in_order
from backend.domain.replies import Reply
from backend.domain.scores import Measure, Nrs
from backend.domain.triage import History, Verdict
from backend.services import audit
from backend.services.history import Asked, Past, Place, Scored
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


class Answering(NamedTuple):
    """A text that may answer a check-in: whose it is, where it stands among others, and when it is understood."""

    clinic_id: UUID
    patient_id: UUID
    check_in: Asked | None
    text_id: UUID
    body: str
    received_at: datetime
    now: datetime

    @property
    def place(self) -> Place:
        return self.received_at, self.text_id


class Reread(NamedTuple):
    """The scores of a check-in once all its texts are read in the order they were sent, and when each was sent."""

    told: Mapping[Measure, Told]
    sent_at: Mapping[UUID, datetime]


# Texts that were understood in another order than they were sent -----------------------------------------------------


def read_in_order(text: Answering, past: Past) -> tuple[History, Reread | None]:
    """What is known before this text and, when texts sent after it were understood before it, what they say now."""
    check_in, history = text.check_in, past.history
    if check_in is None or not past.out_of_order or history.on_hold:
        return history, None
    sent = _sent(text, check_in)
    said = _said(text, sent, past.told)
    here = next(place for place, each in enumerate(said) if each.id == text.text_id)
    before, told = told_in_order(check_in.asks, said[:here]), told_in_order(check_in.asks, said)
    stored = {_key(score): score.value for score in past.told}
    later = {m: score for m, score in told.items() if score.text != text.text_id and before.get(m) != score}
    given = {m: score.value for m, score in before.items()}
    history = replace(
        history,
        awaiting=still_asked(check_in, history.awaiting, given),
        so_far=replace(history.so_far, given=given),
        later={m: score.value for m, score in later.items()},
        reread=frozenset(m for m, score in later.items() if stored.get((score.text, m)) != score.value),
    )
    return history, Reread(told, {identifier: at for at, identifier, _ in sent})


def still_asked(check_in: Asked, awaiting: Sequence[str], given: Mapping[Measure, Nrs]) -> tuple[str, ...]:
    """What was awaited when only these scores had been given: of the rest, what is awaited by now."""
    measures = {measure.value for measure in Measure}
    return tuple(item for item in check_in.asks if (item not in given if item in measures else item in awaiting))


def _sent(text: Answering, check_in: Asked) -> list[tuple[datetime, UUID, str]]:
    """The check-in's texts, this one among them, in the order they were sent."""
    of = {"clinic": text.clinic_id, "patient": text.patient_id, "check_in": check_in.id}
    rows = [(row.received_at, row.id, row.body) for row in run(_SAID, of) if row.id != text.text_id]
    return sorted([*rows, (*text.place, text.body)])


def _said(text: Answering, sent: Sequence[tuple[datetime, UUID, str]], told: Sequence[Scored]) -> list[Said]:
    given: dict[UUID, dict[Measure, Nrs]] = defaultdict(dict)
    for score in told:
        if score.inbound_id != text.text_id:
            given[score.inbound_id][Measure(score.measure)] = Nrs(score.value)
    return [Said(identifier, body, given[identifier]) for _, identifier, body in sent]


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
    """Make the check-in's scores what its texts say in order: those that turn out otherwise are former ones."""
    right = {(score.text, measure): score.value for measure, score in reread.told.items()}
    standing = {(score.inbound_id, score.measure) for score in stored if right.get(_key(score)) == score.value}
    for former in [score for score in stored if _key(score) not in standing]:
        _keep_former(text, former, "reordered")
        run(_DROP, {"clinic": text.clinic_id, "score": former.id})
    rows = [
        _row(text, measure, score.value, asked=True) | {"inbound_id": score.text, "at": reread.sent_at[score.text]}
        for measure, score in reread.told.items()
        if (score.text, measure.value) not in standing
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
    if text.check_in is None or history.on_hold:
        return
    progress: dict[str, object] = {}
    if "safety" in history.awaiting and reply.safe is not None:
        progress["safe"] = reply.safe
    if "side_effects" in history.awaiting and "side_effects" not in verdict.left:
        progress["side_effects"] = "none" if reply.declines else "reported"
    if history.awaiting and not verdict.left and text.check_in.answered_at is None:
        progress["answered_at"] = text.received_at
    if verdict.offer is not None or verdict.taken.settled is not None:
        progress["offers"] = _offers(text.check_in, text.now, verdict, history)
    if progress:
        change_row(CheckIn, (text.clinic_id, text.check_in.id), **progress)


def _offers(check_in: Asked, now: datetime, verdict: Verdict, history: History) -> dict[str, Any]:
    offers: dict[str, Any] = dict(check_in.offers or {})
    settled, offered = verdict.taken.settled, history.so_far.offered
    if settled is not None and offered is not None:
        offers[offered.measure] = offers[offered.measure] | {"state": settled.value}
    if verdict.offer is not None:
        fresh = {"value": int(verdict.offer.value), "at": now.isoformat(), "state": OfferState.OPEN.value}
        offers[verdict.offer.measure] = fresh
    return offers
