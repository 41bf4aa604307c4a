"""The safety case, checked on the live database: every row that breaks an invariant, by name."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import aliased

from backend.domain.concerns import Priority, ReplyKind
from backend.domain.consent import ConsentKind, StandingKind
from backend.domain.outbound import POLICIES, Kind, State
from backend.domain.overrides import EARLIEST, LATEST
from backend.domain.protocol import CrisisPack
from backend.domain.roles import CLINICIANS
from backend.domain.schedule import zone_named
from backend.domain.texts import CRISIS_TEXTS, MOST_SEPTETS, first_part, septets
from backend.domain.triage import Disposition
from backend.services.house import House
from backend.services.operating.health import CLOCK_DEAD_AFTER, last_beat
from backend.store.check_ins import CheckIn, Score
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.escalations import ConcernRow, Escalation, EscalationEvent
from backend.store.patients import ConsentEvent, Patient, StandingEvent, Treatment
from backend.store.staff import Staff
from backend.store.texts import InboundMessage, OutboundMessage

PATIENCE = timedelta(minutes=5)
"""How long work that is due may wait for its tick before it counts as lost."""

Check = Callable[[House], Iterable[str]]
_LOST = (State.FAILED.value, State.UNDELIVERED.value)
_SAFETY = (Kind.CRISIS.value, Kind.MEDICAL.value)
_STARTED = tuple(kind.value for kind, policy in POLICIES.items() if policy.initiated and kind is not Kind.NUMBER_CHECK)
RACE = timedelta(seconds=10)
"""A sender may have read a patient a moment before the patient's standing changed."""
LONG_AFTER = datetime.max.replace(tzinfo=UTC)


def breaches(house: House) -> dict[str, list[str]]:
    """Each invariant S1-S12 with the rows that break it; all lists are empty while the safety case holds."""
    return {name: sorted(set(check(house))) for name, check in CHECKS.items()}


def _rows(what: str, query: Select[Any]) -> Iterator[str]:
    for identifier in db.session.scalars(query):
        yield f"{what} {identifier}"


def _kept_first(_house: House) -> Iterator[str]:
    """S1. Whatever was answered or scored was kept before."""
    kept = exists().where(InboundMessage.clinic_id == Score.clinic_id, InboundMessage.id == Score.inbound_id)
    yield from _rows("score without its text:", select(Score.id).where(~kept))
    kept = exists().where(
        InboundMessage.clinic_id == OutboundMessage.clinic_id, InboundMessage.id == OutboundMessage.inbound_id
    )
    replies = select(OutboundMessage.id).where(OutboundMessage.inbound_id.is_not(None), ~kept)
    yield from _rows("reply without its text:", replies)


def _ends_somewhere(house: House) -> Iterator[str]:
    """S2. Each kept text ends in one disposition, and an escalation is really there."""
    late = InboundMessage.received_at < house.now() - PATIENCE
    yield from _rows(
        "text not understood:", select(InboundMessage.id).where(InboundMessage.processed_at.is_(None), late)
    )
    case = exists().where(
        Escalation.clinic_id == InboundMessage.clinic_id, Escalation.id == InboundMessage.escalation_id
    )
    escalated = InboundMessage.disposition == Disposition.ESCALATION.value
    yield from _rows("text whose case is missing:", select(InboundMessage.id).where(escalated, ~case))
    worried = InboundMessage.priority >= int(Priority.ROUTINE)
    yield from _rows("concern that became no case:", select(InboundMessage.id).where(worried, ~escalated))


def _screened(_house: House) -> Iterator[str]:
    """S3. Every understood text was screened: it has a priority, and its case has its concerns."""
    understood = InboundMessage.processed_at.is_not(None)
    unscreened = select(InboundMessage.id).where(understood, InboundMessage.priority.is_(None))
    yield from _rows("text read without a screen:", unscreened)
    # Here and below, what no index finds is put together once and not looked for row by row.
    with_concern = select(ConcernRow.inbound_id).where(ConcernRow.inbound_id.is_not(None))
    escalated = InboundMessage.disposition == Disposition.ESCALATION.value
    without = select(InboundMessage.id).where(escalated, InboundMessage.id.not_in(with_concern))
    yield from _rows("case without its reason:", without)


def _fails_toward_people(_house: House) -> Iterator[str]:
    """S4. A failed screen is urgent, and no case stands below its worst concern."""
    calm = select(ConcernRow.id).where(ConcernRow.rule == "screen-failed", ConcernRow.priority < int(Priority.ASAP))
    yield from _rows("failed screen taken lightly:", calm)
    worse = exists().where(
        ConcernRow.clinic_id == Escalation.clinic_id,
        ConcernRow.escalation_id == Escalation.id,
        ConcernRow.priority > Escalation.priority,
    )
    yield from _rows("case below its worst concern:", select(Escalation.id).where(worse))


def _fixed_words(house: House) -> Iterator[str]:
    """S5. Every crisis text that went out is whole: both numbers of the country where the patient is in its first part,
    two parts at most.
    """
    here = {clinic.id: clinic.country for clinic in db.session.scalars(select(Clinic))}
    of_patient = (Patient.clinic_id == OutboundMessage.clinic_id) & (Patient.id == OutboundMessage.patient_id)
    sent = (
        select(OutboundMessage, Patient)
        .outerjoin(Patient, of_patient)
        .where(OutboundMessage.text_name.in_(CRISIS_TEXTS))
    )
    for text, patient in db.session.execute(sent.execution_options(yield_per=500)):
        # Whoever has moved since got the numbers of where the phone was.
        countries = [patient.country if patient else here[text.clinic_id], *_countries_of(text.to_number, house)]
        if not any(_is_whole(text.body, house.clinical.packs.get(country)) for country in countries):
            yield f"crisis text that is not whole: {text.id}"


def _countries_of(number: str, house: House) -> list[str]:
    return [pack.country for pack in house.clinical.packs.values() if number.startswith(f"+{pack.calling_code}")]


def _is_whole(body: str, pack: CrisisPack | None) -> bool:
    size, within = septets(body), first_part(body)
    fits = size is not None and size <= MOST_SEPTETS
    return fits and pack is not None and pack.emergency in within and pack.crisis_line in within


def _at_once(house: House) -> Iterator[str]:
    """S6. Every crisis concern was answered, and every crisis text arrives or somebody is told that it did not."""
    rules = house.clinical.protocol.crisis_replies
    answers = select(OutboundMessage).where(OutboundMessage.kind == Kind.CRISIS.value)
    # One person may have several cases; a crisis text counts for all of theirs.
    person = {case.id: case.subject_digest for case in db.session.scalars(select(Escalation))}
    sent: dict[tuple[UUID, bytes | None], list[datetime]] = defaultdict(list)
    for text in db.session.scalars(answers.execution_options(yield_per=500)):
        if text.escalation_id is not None:
            sent[text.clinic_id, person.get(text.escalation_id)].append(text.created_at)
    concerns = select(ConcernRow).where(ConcernRow.reply == ReplyKind.CRISIS.value, ConcernRow.inbound_id.is_not(None))
    for concern in db.session.scalars(concerns.execution_options(yield_per=500)):
        near = (concern.at - at for at in sent[concern.clinic_id, person.get(concern.escalation_id)])
        if not any(-PATIENCE <= gap <= rules.full_again for gap in near):
            yield f"crisis concern without its reply: {concern.id}"
    yield from _rows("safety text without an end:", _unfollowed(house))
    told = exists().where(
        EscalationEvent.clinic_id == OutboundMessage.clinic_id,
        EscalationEvent.escalation_id == OutboundMessage.escalation_id,
        EscalationEvent.kind == "patient_not_reached",
    )
    lost = select(OutboundMessage.id).where(OutboundMessage.kind.in_(_SAFETY), OutboundMessage.state.in_(_LOST), ~told)
    yield from _rows("lost safety text that nobody was told of:", lost)


def _unfollowed(house: House) -> Select[Any]:
    again = aliased(OutboundMessage)
    sent_again = exists().where(again.clinic_id == OutboundMessage.clinic_id, again.resend_of == OutboundMessage.id)
    told = exists().where(
        EscalationEvent.clinic_id == OutboundMessage.clinic_id,
        EscalationEvent.outbound_id == OutboundMessage.id,
        EscalationEvent.kind == "patient_not_reached",
    )
    return select(OutboundMessage.id).where(
        OutboundMessage.kind.in_(_SAFETY),
        OutboundMessage.state.in_((State.QUEUED.value, State.SENT.value, State.UNSURE.value)),
        or_(OutboundMessage.confirm_by.is_(None), OutboundMessage.confirm_by < house.machine_now() - PATIENCE),
        or_(OutboundMessage.send_at.is_(None), OutboundMessage.send_at < house.now() - PATIENCE),
        or_(OutboundMessage.lease_until.is_(None), OutboundMessage.lease_until < house.machine_now() - PATIENCE),
        ~sent_again,
        ~told,
    )


def _somebody(house: House) -> Iterator[str]:
    """S7. Every open case has a next page time that is not over, and somebody to page."""
    still_open = Escalation.resolved_at.is_(None)
    overdue = or_(Escalation.next_page_at.is_(None), Escalation.next_page_at < house.now() - PATIENCE)
    yield from _rows("open case whose page is overdue:", select(Escalation.id).where(still_open, overdue))
    unstaffed = Escalation.unstaffed_since.is_not(None)
    yield from _rows("open case with nobody to page:", select(Escalation.id).where(still_open, unstaffed))


def _acknowledged_is_not_done(_house: House) -> Iterator[str]:
    """S8. A case is closed by a person with an outcome, and by nothing else."""
    closed = Escalation.resolved_at.is_not(None)
    no_outcome = or_(Escalation.outcome.is_(None), Escalation.resolved_by.is_(None))
    yield from _rows("case closed without outcome or person:", select(Escalation.id).where(closed, no_outcome))
    by_person = exists().where(
        EscalationEvent.clinic_id == Escalation.clinic_id,
        EscalationEvent.escalation_id == Escalation.id,
        EscalationEvent.kind == "resolved",
        EscalationEvent.staff_id.is_not(None),
    )
    yield from _rows("case that no person closed:", select(Escalation.id).where(closed, ~by_person))


def _none_twice_none_lost(house: House) -> Iterator[str]:
    """S9. One prompt a check-in, every queued text still on its way, no carrier id on two texts."""
    prompts = OutboundMessage.kind == Kind.PROMPT.value
    twice = (
        select(OutboundMessage.check_in_id)
        .where(prompts)
        .group_by(OutboundMessage.clinic_id, OutboundMessage.check_in_id)
    )
    yield from _rows("check-in with two prompts:", twice.having(func.count() > 1))
    prompted = select(OutboundMessage.check_in_id).where(prompts, OutboundMessage.check_in_id.is_not(None))
    lost = select(CheckIn.id).where(CheckIn.prompted_at.is_not(None), CheckIn.id.not_in(prompted))
    yield from _rows("prompted check-in without its text:", lost)
    queued = OutboundMessage.state.in_((State.QUEUED.value, State.UNSURE.value))
    adrift = select(OutboundMessage.id).where(
        queued,
        OutboundMessage.kind.not_in(_SAFETY),
        or_(OutboundMessage.send_at.is_(None), OutboundMessage.send_at < house.now() - PATIENCE),
        or_(OutboundMessage.lease_until.is_(None), OutboundMessage.lease_until < house.machine_now() - PATIENCE),
    )
    yield from _rows("text that nobody is sending:", adrift.where(OutboundMessage.kind != Kind.PAGE.value))
    shared = (
        select(OutboundMessage.message_sid)
        .where(OutboundMessage.message_sid.is_not(None))
        .group_by(OutboundMessage.clinic_id, OutboundMessage.message_sid)
        .having(func.count() > 1)
    )
    for message_sid in db.session.scalars(shared):
        yield f"carrier id on two texts: {message_sid}"


def _consent(house: House) -> Iterator[str]:
    """S10. No prompt to somebody opted out, discharged, dead or maybe somebody else, outside their hours, or above the
    caps; ledgers and rows agree; only clinicians end holds.
    """
    yield from _ledger_drift()
    yield from _standing_drift()
    yield from _holds_ended_by_nobody()
    yield from _sent_after_the_end()
    prompts = (
        select(OutboundMessage, Patient, CheckIn)
        .join(CheckIn, (CheckIn.clinic_id == OutboundMessage.clinic_id) & (CheckIn.id == OutboundMessage.check_in_id))
        .join(Patient, (Patient.clinic_id == OutboundMessage.clinic_id) & (Patient.id == OutboundMessage.patient_id))
        .where(OutboundMessage.kind == Kind.PROMPT.value, OutboundMessage.sent_at.is_not(None))
    )
    days: dict[UUID, list[date]] = defaultdict(list)
    protocol = house.clinical.protocol
    for text, patient, check_in in db.session.execute(prompts.execution_options(yield_per=500)):
        zone = zone_named(check_in.timezone or patient.timezone)  # where the patient lived when it was planned
        local = text.created_at.astimezone(zone)
        days[patient.id].append(local.date())
        in_time = check_in.due_at <= text.created_at < check_in.send_by
        if not in_time or not EARLIEST <= local.time() < LATEST:
            yield f"prompt outside the patient's hours: {text.id}"
        if patient.opted_out_at is not None and text.created_at > patient.opted_out_at:
            yield f"prompt after opting out: {text.id}"
    for patient_id, asked_on in days.items():
        yield from _above_caps(patient_id, sorted(asked_on), protocol.prompts_a_day, protocol.prompts_in_seven_days)


def _above_caps(patient_id: UUID, asked_on: list[date], a_day: int, in_seven_days: int) -> Iterator[str]:
    for day in set(asked_on):
        if asked_on.count(day) > a_day:
            yield f"asked more than {a_day} a day: patient {patient_id} on {day}"
        week = sum(day - timedelta(days=6) <= other <= day for other in asked_on)
        if week > in_seven_days:
            yield f"asked more than {in_seven_days} in seven days: patient {patient_id} up to {day}"


def _ledger_drift() -> Iterator[str]:
    """Where the send path's column says other than the newest line of the consent ledger."""
    lines = select(ConsentEvent.patient_id, ConsentEvent.kind).order_by(ConsentEvent.at, ConsentEvent.id)
    newest = {patient_id: kind for patient_id, kind in db.session.execute(lines)}  # noqa: C416 - rows are no tuples to mypy
    for patient_id, opted_out_at in db.session.execute(select(Patient.id, Patient.opted_out_at)):
        if (newest.get(patient_id) == ConsentKind.OPT_OUT.value) != (opted_out_at is not None):
            yield f"consent ledger and patient disagree: {patient_id}"


_TAKEN_BACK_BY: dict[str, tuple[StandingKind, frozenset[StandingKind]]] = {
    "paused_at": (StandingKind.PAUSED, frozenset({StandingKind.RESUMED})),
    "discharged_at": (StandingKind.DISCHARGED, frozenset()),
    "deceased_at": (StandingKind.DECEASED, frozenset()),
    "held_at": (StandingKind.HOLD_STARTED, frozenset({StandingKind.HOLD_ENDED})),
    "quarantined_at": (StandingKind.QUARANTINED, frozenset({StandingKind.VERIFIED, StandingKind.NUMBER_CHANGED})),
    "carrier_blocked_at": (
        StandingKind.CARRIER_BLOCKED,
        frozenset({StandingKind.CARRIER_UNBLOCKED, StandingKind.NUMBER_CHANGED}),
    ),
    "pending_phone_at": (
        StandingKind.NUMBER_CHANGE_ASKED,
        frozenset({StandingKind.NUMBER_CHANGED, StandingKind.NUMBER_CHANGE_DROPPED}),
    ),
}
"""Which line of the standing ledger sets a column of the patient, and which ones empty it again."""


def _standing_drift() -> Iterator[str]:
    """Where a patient's column says other than the newest line of the standing ledger."""
    standing: dict[UUID, dict[str, bool]] = defaultdict(dict)
    lines = select(StandingEvent.patient_id, StandingEvent.kind).order_by(StandingEvent.at, StandingEvent.id)
    for patient_id, kind in db.session.execute(lines):
        for column, (sets, empties) in _TAKEN_BACK_BY.items():
            if kind == sets or kind in empties:
                standing[patient_id][column] = kind == sets
    columns = [getattr(Patient, column) for column in _TAKEN_BACK_BY]
    for patient_id, *values in db.session.execute(select(Patient.id, *columns)):
        for column, value in zip(_TAKEN_BACK_BY, values, strict=True):
            if standing[patient_id].get(column, False) != (value is not None):
                yield f"standing ledger and patient disagree on {column}: {patient_id}"


def _holds_ended_by_nobody() -> Iterator[str]:
    """A hold that no clinician's line ended (CLINICAL.md 4e)."""
    clinician = exists().where(
        Staff.clinic_id == StandingEvent.clinic_id, Staff.id == StandingEvent.staff_id, Staff.role.in_(CLINICIANS)
    )
    ended = StandingEvent.kind == StandingKind.HOLD_ENDED.value
    yield from _rows("hold that no clinician ended:", select(StandingEvent.id).where(ended, ~clinician))
    line = exists().where(StandingEvent.clinic_id == Patient.clinic_id, StandingEvent.patient_id == Patient.id, ended)
    unsaid = select(Patient.id).where(Patient.hold_ended_at.is_not(None), ~line)
    yield from _rows("hold that ended without a line:", unsaid)


def _sent_after_the_end() -> Iterator[str]:
    """What the clinic started to somebody discharged or dead, or to a number that may be somebody else's."""
    started = select(OutboundMessage, Patient).join(
        Patient, (Patient.clinic_id == OutboundMessage.clinic_id) & (Patient.id == OutboundMessage.patient_id)
    )
    ended = Patient.discharged_at.is_not(None) | Patient.deceased_at.is_not(None)
    sent = started.where(ended, OutboundMessage.sent_at.is_not(None), OutboundMessage.inbound_id.is_(None))
    for text, patient in db.session.execute(sent.execution_options(yield_per=500)):
        ends = [patient.deceased_at] if text.kind not in _STARTED else [patient.deceased_at, patient.discharged_at]
        claimed_at = text.claimed_at or text.created_at
        if text.kind not in _SAFETY and any(end is not None and claimed_at > end + RACE for end in ends):
            yield f"text after discharge or death: {text.id}"
    yield from _sent_in_doubt()


def _sent_in_doubt() -> Iterator[str]:
    for clinic_id, patient_id, since, until in _doubts():
        prompts = select(OutboundMessage.id).where(
            OutboundMessage.clinic_id == clinic_id,
            OutboundMessage.patient_id == patient_id,
            OutboundMessage.kind.in_(_STARTED),
            OutboundMessage.sent_at.is_not(None),
            OutboundMessage.claimed_at > since + RACE,
            OutboundMessage.claimed_at < (until or LONG_AFTER),
        )
        yield from _rows("prompt to a number in doubt:", prompts)


def _doubts() -> Iterator[tuple[UUID, UUID, datetime, datetime | None]]:
    """Each time that a patient's number was, or is, in doubt: from when until when."""
    _, empties = _TAKEN_BACK_BY["quarantined_at"]
    kinds = (StandingKind.QUARANTINED.value, *(kind.value for kind in empties))
    lines = select(StandingEvent).where(StandingEvent.kind.in_(kinds)).order_by(StandingEvent.at, StandingEvent.id)
    since: dict[tuple[UUID, UUID], datetime] = {}
    for line in db.session.scalars(lines).all():
        key = (line.clinic_id, line.patient_id)
        if line.kind == StandingKind.QUARANTINED.value:
            since.setdefault(key, line.at)
        elif key in since:
            yield *key, since.pop(key), line.at
    for key, at in since.items():
        yield *key, at, None


def _silence(house: House) -> Iterator[str]:
    """S11. Nothing due is left lying, only the newest treatment plans what is to come, and the clock is alive."""
    now = house.now()
    waiting = (CheckIn.prompted_at.is_(None), CheckIn.skipped_at.is_(None), CheckIn.send_by < now - PATIENCE)
    yield from _rows("check-in neither sent nor skipped:", select(CheckIn.id).where(*waiting))
    open_ended = (CheckIn.prompted_at.is_not(None), CheckIn.answered_at.is_(None), CheckIn.missed_at.is_(None))
    forgotten = select(CheckIn.id).where(*open_ended, CheckIn.answer_by < now - PATIENCE)
    yield from _rows("check-in that was never missed:", forgotten)
    yield from _rows("check-in to come of a treatment that plans nothing any more:", _of_no_plan())
    beat_at = last_beat()
    if beat_at is not None and house.machine_now() - beat_at > CLOCK_DEAD_AFTER:
        yield f"the clock has been silent since {beat_at.isoformat()}"


def _of_no_plan() -> Select[Any]:
    newer = aliased(Treatment)
    overtaken = exists().where(
        newer.clinic_id == Treatment.clinic_id,
        newer.patient_id == Treatment.patient_id,
        newer.deleted_at.is_(None),
        newer.ended_at > Treatment.ended_at,
    )
    its_treatment = (Treatment.clinic_id == CheckIn.clinic_id) & (Treatment.id == CheckIn.treatment_id)
    to_come = select(CheckIn.id).join(Treatment, its_treatment)
    to_come = to_come.where(CheckIn.prompted_at.is_(None), CheckIn.skipped_at.is_(None))
    return to_come.where(or_(Treatment.deleted_at.is_not(None), overtaken))


_PAGE = re.compile(
    r"Aftercare:? (ROUTINE|URGENT|ASAP|STAT) case \d+\b[^0-9]*"
    r"(Reply ACK \d+ to take it, then open the console\.)?[^0-9]*"
    r"|Aftercare test page\b[^0-9]*"
)


def _nobody_sees(_house: House) -> Iterator[str]:
    """S12. A page carries a priority and a case number; no row points into another clinic."""
    pages = select(OutboundMessage).where(OutboundMessage.kind == Kind.PAGE.value)
    for page in db.session.scalars(pages.execution_options(yield_per=500)):
        if not _PAGE.fullmatch(page.body):
            yield f"page that says more than a case number: {page.id}"
    for model in (InboundMessage, OutboundMessage, Escalation):
        own = exists().where(Patient.clinic_id == model.clinic_id, Patient.id == model.patient_id)
        stray = select(model.id).where(model.patient_id.is_not(None), ~own)
        yield from _rows(f"{model.__tablename__} row with another clinic's patient:", stray)


CHECKS: dict[str, Check] = {
    "S1": _kept_first,
    "S2": _ends_somewhere,
    "S3": _screened,
    "S4": _fails_toward_people,
    "S5": _fixed_words,
    "S6": _at_once,
    "S7": _somebody,
    "S8": _acknowledged_is_not_done,
    "S9": _none_twice_none_lost,
    "S10": _consent,
    "S11": _silence,
    "S12": _nobody_sees,
}
TITLES = {
    "S1": "Kept first",
    "S2": "Everything ends somewhere",
    "S3": "Concern before score",
    "S4": "Fails toward people",
    "S5": "Fixed words",
    "S6": "At once",
    "S7": "Somebody",
    "S8": "Acknowledged is not done",
    "S9": "No text twice, none lost",
    "S10": "Consent",
    "S11": "Silence is a signal",
    "S12": "Nobody sees what isn't theirs",
}
