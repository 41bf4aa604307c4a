"""What was read from a patient's texts, in plain words: scores, what nobody asked for, what is unsure or corrected."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from backend.domain.answers import OfferState
from backend.services.patients.timeline import named
from backend.store.check_ins import CheckIn, FormerScore, Score
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.texts import InboundMessage

UNASKED = "not asked for"
_HOW_IT_STANDS = {
    OfferState.OPEN: "no answer to that yet, so it does not count",
    OfferState.CONFIRMED: "the patient said yes",
    OfferState.REPLACED: "the patient gave another number",
    OfferState.REFUSED: "the patient said no, so it does not count: ask",
    OfferState.UNCLEAR: "the answer was unclear too, so it does not count: ask",
}
_WHY_FORMER = {
    "corrected": "the patient corrected it",
    "reordered": "texts turned out to have been sent in another order",
}
_SETTLED = (OfferState.CONFIRMED, OfferState.REPLACED)


def readings_of(texts: Sequence[InboundMessage]) -> dict[UUID, list[str]]:
    """By text, what was read from it."""
    if not texts:
        return {}
    clinic_id, ids = texts[0].clinic_id, [text.id for text in texts]
    given = select(Score).where(Score.clinic_id == clinic_id, Score.inbound_id.in_(ids)).order_by(Score.measure)
    found: dict[UUID, list[str]] = {text.id: [] for text in texts}
    for score in db.session.scalars(given):
        unasked = f", {UNASKED} (unsolicited)" if score.check_in_id is None else ""
        found[score.inbound_id].append(f"Read as {score.measure} {score.value}{unasked}.")
    for former in _former(FormerScore.clinic_id == clinic_id, FormerScore.inbound_id.in_(ids)):
        found[former.inbound_id].append(_formerly(former))
    check_ins = {text.check_in_id for text in texts if text.check_in_id}
    asked = select(CheckIn).where(CheckIn.clinic_id == clinic_id, CheckIn.id.in_(check_ins))
    offers = {check_in.id: check_in for check_in in db.session.scalars(asked)}
    for text in texts:
        check_in = offers.get(text.check_in_id) if text.check_in_id else None
        if check_in is not None:
            found[text.id] += _offers_in(check_in, text.received_at)
    return found


def _former(*which: ColumnElement[bool]) -> Iterable[FormerScore]:
    return db.session.scalars(select(FormerScore).where(*which).order_by(FormerScore.replaced_at))


def _formerly(former: FormerScore) -> str:
    return f"First read as {former.measure} {former.value}; {_WHY_FORMER[former.because]}."


def _offers_in(check_in: CheckIn, sent_at: datetime) -> Iterator[str]:
    for measure, offer in (check_in.offers or {}).items():
        if datetime.fromisoformat(offer["sent_at"]) == sent_at:
            yield _offered(measure, offer)


def _offered(measure: str, offer: Mapping[str, str]) -> str:
    stands = _HOW_IT_STANDS[OfferState(offer["state"])]
    return f"{measure.capitalize()} read as {offer['value']}, but not for sure; the patient was asked, and {stands}."


def doubts_of(check_ins: Sequence[CheckIn]) -> list[str]:
    """The readings that were offered to the patient and count for nothing so far, newest check-in first."""
    return [
        f"{named(check_in.name).capitalize()}: {_offered(measure, offer)}"
        for check_in in reversed(check_ins)
        for measure, offer in (check_in.offers or {}).items()
        if OfferState(offer["state"]) not in _SETTLED
    ]


def corrections_of(patient: Patient) -> dict[datetime, str]:
    """By the time of the text that made it so, which scores no longer stand."""
    mine = (FormerScore.clinic_id == patient.clinic_id, FormerScore.patient_id == patient.id)
    former = list(_former(*mine))
    of_these = select(InboundMessage.id, InboundMessage.received_at).where(
        InboundMessage.clinic_id == patient.clinic_id, InboundMessage.id.in_([each.replaced_by for each in former])
    )
    times = {row.id: row.received_at for row in db.session.execute(of_these)} if former else {}
    found: dict[datetime, str] = {}
    for each in former:
        at = times.get(each.replaced_by, each.replaced_at)
        found[at] = f"{found[at]} {_formerly(each)}" if at in found else _formerly(each)
    return found
