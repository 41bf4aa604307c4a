"""What a change of the protocol would have meant on the clinic's own last 90 days, before it is made."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, exists, select

from backend.domain.consent import ConsentKind, StandingKind
from backend.domain.history import History, Treated
from backend.domain.outbound import Kind, State
from backend.domain.overrides import UnsafeOverridesError, differences, with_overrides
from backend.domain.protocol import SAFETY, Protocol
from backend.domain.questionnaires import Totals
from backend.domain.replay import Load, Moment, load_under
from backend.domain.rules import Missed, recent_best
from backend.domain.scores import Measure, Nrs
from backend.services.house import House
from backend.services.invalid import Invalid
from backend.services.patients.check_ins import HELD_LATELY
from backend.store.check_ins import CheckIn, FormerScore, Score
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import ConsentEvent, Patient, Questionnaire, StandingEvent, Treatment
from backend.store.texts import InboundMessage, OutboundMessage

PERIOD = timedelta(days=90)
BEFORE = timedelta(days=120)
"""So much older is what counts as known at the beginning: longer than any plan."""
WEEK = timedelta(days=7)
RECENT = timedelta(days=14)
_ZERO = UUID(int=0)

Line = ConsentKind | StandingKind
"""What a line of one of a patient's two ledgers says."""

WORDS = "what the words of texts raise is the same either way, and is not counted"
AS_NOW = "patients' flags are taken as they are now"
UNSURE = "readings that were not sure, and texts that came in another order than they were sent, are not replayed"
OTHERWISE_ASKED = "check-ins that would come at another time, to more patients or ask more are not replayed"


@dataclass(frozen=True, slots=True)
class Preview:
    """The load of the protocol in force and of the proposed one on the same past of `weeks` weeks."""

    weeks: float
    in_force: Load
    proposed: Load
    cannot_know: Sequence[str]

    @property
    def sentence(self) -> str:
        now, then = (f"{load.alerts / self.weeks:.1f}" for load in (self.in_force, self.proposed))
        days = round(self.weeks * 7)
        return f"On your last {days} days this would have raised {then} alerts a week instead of {now}."


def preview(clinic: Clinic, overrides: Mapping[str, Any], house: House) -> Preview:
    """What these overrides would have meant. Raises `Invalid` naming every field at once."""
    try:
        proposed = with_overrides(house.clinical.protocol, overrides)
    except UnsafeOverridesError as unsafe:
        raise Invalid(unsafe.faults) from None
    in_force = house.protocol_of(clinic)
    now = house.now()
    since = max(now - PERIOD, clinic.created_at)
    moments = moments_of(clinic, since, in_force, now)
    return Preview(
        weeks=max((now - since) / WEEK, 1.0),
        in_force=load_under(in_force, moments),
        proposed=load_under(proposed, moments),
        cannot_know=[WORDS, UNSURE, AS_NOW, *([OTHERWISE_ASKED] if _asks_otherwise(in_force, proposed) else [])],
    )


def _asks_otherwise(in_force: Protocol, proposed: Protocol) -> bool:
    judging = ("thresholds.", "raises.")
    return any(not found.name.startswith(judging) for found in differences(in_force, proposed))


def moments_of(clinic: Clinic, since: datetime, protocol: Protocol, now: datetime) -> list[Moment]:
    """Every text with scores, silence and questionnaire since then, each with what was known of its patient then."""
    found: list[Moment] = []
    for past in _pasts(clinic, since, now):
        found += _of_texts(past, since)
        found += _of_silences(past, since, protocol)
        found += _of_questionnaires(past, since)
    return found


# What is stored ------------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """A score as it was given, and until when it stood (None: it stands)."""

    at: datetime
    text: UUID
    check_in: UUID | None
    measure: Measure
    value: Nrs
    until: datetime | None

    def stood(self, at: datetime) -> bool:
        return self.until is None or self.until >= at


class Visit(NamedTuple):
    """A treatment, and since when it was known."""

    id: UUID
    ended_at: datetime
    setting: str
    co_sedative: bool
    baseline_mood: int | None
    baseline_pain: int | None
    created_at: datetime
    deleted_at: datetime | None
    former: list[dict[str, Any]] | None


class Missing(NamedTuple):
    """A check-in that was missed; `is_out`: its prompt was not lost."""

    id: UUID
    treatment_id: UUID
    name: str
    asks: list[str]
    prompted_at: datetime
    missed_at: datetime
    answered_at: datetime | None
    is_out: bool


class Taken(NamedTuple):
    """A questionnaire that staff recorded."""

    created_at: datetime
    id: UUID
    kind: str
    total: int
    item_9: int | None
    taken_at: datetime


class Known(NamedTuple):
    """What a patient's own row says."""

    id: UUID
    flags: list[str]
    given_mood: int | None
    given_pain: int | None
    created_at: datetime
    discharged_at: datetime | None
    deceased_at: datetime | None
    held_at: datetime | None
    paused_at: datetime | None
    hold_ended_at: datetime | None


@dataclass(slots=True)
class Past:
    """All that is stored of one patient and bears on the rules, each list oldest first."""

    patient: Known
    told: list[Told] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    missed: list[Missing] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    texts: list[datetime] = field(default_factory=list)
    standing: list[tuple[datetime, Line]] = field(default_factory=list)


def _pasts(clinic: Clinic, since: datetime, now: datetime) -> Iterable[Past]:
    pasts = {row[0]: Past(Known._make(row)) for row in _rows(_of(Patient, clinic, *Known._fields))}
    from_then = since - BEFORE
    columns = ("patient_id", "at", "inbound_id", "check_in_id", "measure", "value")
    scores = _of(Score, clinic, *columns).where(Score.at.between(from_then, now))
    former = _of(FormerScore, clinic, *columns, "replaced_at").where(FormerScore.at.between(from_then, now))
    nrs, measures = [Nrs(value) for value in range(11)], {measure.value: measure for measure in Measure}
    for patient_id, at, text, check_in, measure, value in _rows(scores):
        pasts[patient_id].told.append(Told(at, text, check_in, measures[measure], nrs[value], None))
    for patient_id, at, text, check_in, measure, value, until in _rows(former):
        pasts[patient_id].told.append(Told(at, text, check_in, measures[measure], nrs[value], until))
    for patient_id, *visit in _rows(_of(Treatment, clinic, "patient_id", *Visit._fields)):
        pasts[patient_id].visits.append(Visit._make(visit))
    for patient_id, *missing in _rows(_missed(clinic, from_then)):
        pasts[patient_id].missed.append(Missing._make(missing))
    for patient_id, *taken in _rows(_of(Questionnaire, clinic, "patient_id", *Taken._fields)):
        pasts[patient_id].taken.append(Taken._make(taken))
    texts = _of(InboundMessage, clinic, "patient_id", "received_at").where(
        InboundMessage.patient_id.is_not(None), InboundMessage.received_at >= from_then
    )
    for patient_id, at in _rows(texts):
        pasts[patient_id].texts.append(at)
    for model, kinds in ((StandingEvent, StandingKind), (ConsentEvent, ConsentKind)):
        for patient_id, at, kind in _rows(_of(model, clinic, "patient_id", "at", "kind")):
            pasts[patient_id].standing.append((at, kinds(kind)))
    for past in pasts.values():
        past.told.sort(key=lambda told: (told.at, told.text))
        past.missed.sort(key=lambda missing: missing.missed_at)
        past.taken.sort()
        past.texts.sort()
        past.standing.sort(key=lambda line: line[0])
        yield past


def _rows(query: Select[Any]) -> Iterator[Any]:
    yield from db.session.execute(query)


def _of(model: Any, clinic: Clinic, *columns: str) -> Select[Any]:
    return select(*(getattr(model, name) for name in columns)).where(model.clinic_id == clinic.id)


def _missed(clinic: Clinic, from_then: datetime) -> Select[Any]:
    lost = (State.FAILED.value, State.UNDELIVERED.value)
    is_out = exists().where(
        OutboundMessage.clinic_id == CheckIn.clinic_id,
        OutboundMessage.check_in_id == CheckIn.id,
        OutboundMessage.kind == Kind.PROMPT.value,
        OutboundMessage.state.not_in(lost),
    )
    columns = [getattr(CheckIn, name) for name in ("patient_id", *Missing._fields[:-1])]
    mine = (CheckIn.clinic_id == clinic.id, CheckIn.missed_at >= from_then)
    return select(*columns, is_out).where(*mine, CheckIn.prompted_at.is_not(None))


# What was known at a time --------------------------------------------------------------------------------------------


def _of_texts(past: Past, since: datetime) -> Iterator[Moment]:
    """A text's scores were judged together, before they were stored."""
    memory = _Memory(past)
    by_text: dict[tuple[datetime, UUID], list[Told]] = defaultdict(list)
    for told in past.told:
        if told.at >= since:
            by_text[told.at, told.text].append(told)
    for (at, text), scores in by_text.items():
        history = memory.before((at, text), at, scores[0].check_in)
        yield Moment(history, {told.measure: told.value for told in scores})


class _Memory:
    """What the rules knew of a patient at any time."""

    def __init__(self, past: Past) -> None:
        self._moods = [told for told in past.told if told.measure == Measure.MOOD]
        self._all_stand = all(told.until is None for told in self._moods)
        self._places = [(told.at, told.text) for told in self._moods]
        self._flags = frozenset(past.patient.flags)
        self._spells = _Spells(past)

    def before(self, place: tuple[datetime, UUID], at: datetime, check_in: UUID | None) -> History:
        spell = self._spells.at(at)
        moods = self._moods[: bisect_left(self._places, place)]
        if not self._all_stand:
            moods = [told for told in moods if told.stood(at)]
        treated = spell.treated
        course = moods[_first(moods, treated.ended_at) :] if treated else moods
        return History(
            baseline=spell.baseline,
            best_mood=recent_best([(told.at, told.value) for told in moods[_first(moods, at - RECENT) :]], at),
            course=[told.value for told in course if check_in is None or told.check_in != check_in],
            flags=self._flags,
            treated=treated and _so_long_ago(treated, at),
            last_mood=moods[-1].value if moods else None,
        )


def _first(moods: Sequence[Told], since: datetime) -> int:
    return bisect_left(moods, since, key=lambda told: told.at)


def _so_long_ago(treated: Treated, at: datetime) -> Treated:
    hours = max((at - treated.ended_at) / timedelta(hours=1), 0.0)
    return Treated(treated.ended_at, treated.setting, treated.co_sedative, hours)


class _Spell(NamedTuple):
    baseline: Mapping[Measure, Nrs]
    treated: Treated | None


class _Spells:
    """The times between two changes in a patient's treatments, each with its baseline and its newest treatment."""

    def __init__(self, past: Past) -> None:
        self._past = past
        changes = {at for visit in past.visits for at in (visit.created_at, visit.deleted_at, *_corrected(visit)) if at}
        self._from = sorted(changes)
        self._spells = [self._spell(None), *(self._spell(at) for at in self._from)]

    def at(self, at: datetime) -> _Spell:
        return self._spells[bisect_right(self._from, at)]

    def _spell(self, at: datetime | None) -> _Spell:
        stood = [] if at is None else [_as_known(visit, at) for visit in self._past.visits if _stands(visit, at)]
        stood.sort(key=lambda visit: (visit.ended_at, visit.id), reverse=True)
        treated = Treated(stood[0].ended_at, stood[0].setting, stood[0].co_sedative, 0.0) if stood else None
        given = {Measure.MOOD: self._past.patient.given_mood, Measure.PAIN: self._past.patient.given_pain}
        baseline = {m: _baseline([getattr(v, f"baseline_{m}") for v in stood], value) for m, value in given.items()}
        return _Spell({m: Nrs(value) for m, value in baseline.items() if value is not None}, treated)


def _baseline(values: Sequence[int | None], given: int | None) -> int | None:
    taken = [value for value in values if value is not None][:3]
    return int(median_low(taken)) if taken else given


def _stands(visit: Visit, at: datetime) -> bool:
    return visit.created_at <= at and (visit.deleted_at is None or visit.deleted_at > at)


def _corrected(visit: Visit) -> Iterator[datetime]:
    for was in visit.former or ():
        yield datetime.fromisoformat(was["until"])


def _as_known(visit: Visit, at: datetime) -> Visit:
    """The treatment as it was recorded then, before later corrections."""
    for was in visit.former or ():
        if at < datetime.fromisoformat(was["until"]):
            return visit._replace(
                ended_at=datetime.fromisoformat(was["ended_at"]),
                **{n: was[n] for n in ("setting", "co_sedative", "baseline_mood", "baseline_pain") if n in was},
            )
    return visit


# Silence -------------------------------------------------------------------------------------------------------------

_ENDS: Mapping[Line, Line] = {
    ConsentKind.OPT_IN: ConsentKind.OPT_OUT,
    ConsentKind.GIVEN: ConsentKind.OPT_OUT,
    StandingKind.RESUMED: StandingKind.PAUSED,
    StandingKind.HOLD_ENDED: StandingKind.HOLD_STARTED,
    StandingKind.VERIFIED: StandingKind.QUARANTINED,
    StandingKind.CARRIER_UNBLOCKED: StandingKind.CARRIER_BLOCKED,
    StandingKind.NUMBER_CHANGED: StandingKind.NUMBER_CHANGE_ASKED,
    StandingKind.NUMBER_CHANGE_DROPPED: StandingKind.NUMBER_CHANGE_ASKED,
}
"""What ends a time in which nobody is texted, and what began it."""
_BEGINS = frozenset(_ENDS.values())


def _of_silences(past: Past, since: datetime, protocol: Protocol) -> Iterator[Moment]:
    memory = _Memory(past)
    next_day = {rule.name for rule in protocol.check_ins if rule.after_days == 1}
    visits = {visit.id: visit for visit in past.visits}
    for missing in past.missed:
        at = missing.missed_at
        running = [each for each in past.missed if _silent(each, at, past.texts)]
        if at < since or missing not in running or _is_silenced(past, at):
            continue
        visit = visits[missing.treatment_id]
        missed = Missed(
            running=len(running),
            hours=(missing.prompted_at - visit.ended_at) / timedelta(hours=1),
            next_day=missing.name in next_day,
            safety_after=_safety_after(visit, past, at) if SAFETY in missing.asks else (),
            held_lately=_held_lately(past, at),
        )
        yield Moment(memory.before((at, _ZERO), at, None), missed=missed)


def _silent(missing: Missing, at: datetime, texts: Sequence[datetime]) -> bool:
    """Whether it was missed by then, its prompt was not lost, and no text had come since."""
    heard = bisect_right(texts, at)
    last_text = texts[heard - 1] if heard else None
    answered = missing.answered_at is not None and missing.answered_at <= at
    closed = missing.missed_at <= at and not answered and missing.is_out
    return closed and (last_text is None or missing.prompted_at > last_text)


def _is_silenced(past: Past, at: datetime) -> bool:
    """Whom nobody texted, or who asked us not to, said nothing by silence."""
    who = past.patient
    stopped: dict[Line, bool] = {}
    for when, kind in past.standing:
        if when <= at:
            stopped[_ENDS.get(kind, kind)] = kind in _BEGINS
    as_now = (who.discharged_at, who.deceased_at, who.held_at, who.paused_at)
    return any(stopped.values()) or any(since is not None and since <= at for since in as_now)


def _held_lately(past: Past, at: datetime) -> bool:
    ended = [past.patient.hold_ended_at, *(when for when, kind in past.standing if kind == StandingKind.HOLD_ENDED)]
    return any(when is not None and timedelta(0) <= at - when <= HELD_LATELY for when in ended)


def _safety_after(visit: Visit, past: Past, at: datetime) -> tuple[str, ...]:
    earlier = [other for other in past.visits if _stands(other, at) and other.ended_at < visit.ended_at]
    facts = {
        "first": not earlier,
        "home": visit.setting == "home",
        "co_sedative": visit.co_sedative or "co_sedative" in past.patient.flags,
    }
    return tuple(name for name, holds in facts.items() if holds)


# Questionnaires ------------------------------------------------------------------------------------------------------


def _of_questionnaires(past: Past, since: datetime) -> Iterator[Moment]:
    for place, taken in enumerate(past.taken):
        if taken.created_at >= since:
            before = [
                (earlier.taken_at, earlier.id, earlier.total)
                for earlier in past.taken[:place]
                if earlier.kind == taken.kind and earlier.taken_at <= taken.taken_at
            ]
            totals = Totals(taken.kind, taken.total, taken.item_9, max(before)[-1] if before else None)
            yield Moment(History(flags=frozenset(past.patient.flags)), totals=totals)
