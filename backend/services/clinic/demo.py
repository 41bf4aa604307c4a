"""The demo clinic: four members of staff, a dozen patients, and a believable month that ends now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from itertools import count
from uuid import uuid4

from sqlalchemy import select
from uuid_utils.compat import uuid7

from backend.domain.answers import word_answers
from backend.domain.concerns import Priority, ReplyKind
from backend.domain.consent import ConsentKind, StandingKind, carrier_hears, may_prompt
from backend.domain.escalation import Outcome
from backend.domain.outbound import Kind, State
from backend.domain.protocol import WORD_ITEMS
from backend.domain.replies import Keyword, read_reply
from backend.domain.schedule import TreatmentFacts, Whose, at_local, check_in_times, zone_named
from backend.domain.triage import Disposition, Sender, Verdict, still_awaited, triage
from backend.services import audit
from backend.services.cases import acting, events, opening, staffing
from backend.services.clinic import accounts
from backend.services.house import House
from backend.services.patients.consent import record_block, record_consent, record_opt_out
from backend.services.patients.standing import note, standing_of
from backend.services.texting import outbox
from backend.services.texting.history import asked, awaited, history_of, latest_treatment
from backend.store.check_ins import CheckIn, Score
from backend.store.clinics import Clinic, PolicyStep
from backend.store.database import db, keyring
from backend.store.escalations import Escalation
from backend.store.patients import Patient, Treatment
from backend.store.staff import Shift, Staff
from backend.store.texts import DeliveryReport, InboundMessage, OutboundMessage
from backend.store.work import transaction

SLUG, NAME, NUMBER, PHONE, ZONE = "demo", "Harbor Clinic", "+15555550100", "+14155550199", "America/New_York"
STAFF = (
    ("Noor Haddad", "noor@demo.example", "+15555550111", "responder"),
    ("Vera Lindqvist", "vera@demo.example", "+15555550112", "clinician"),
    ("Dov Amsel", "dov@demo.example", "+15555550113", "manager"),
    ("Ada Okafor", "ada@demo.example", "+15555550114", "auditor"),
)
FIRST_PATIENT = 15555550120
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

Act = Callable[[datetime], None]

_KINDS = {ReplyKind.CRISIS: Kind.CRISIS, ReplyKind.CRISIS_REPEAT: Kind.CRISIS, ReplyKind.MEDICAL: Kind.MEDICAL}


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """The demo clinic and who signs in there; `fresh` when it was made just now."""

    clinic: Clinic
    staff: Sequence[Staff]
    fresh: bool


@dataclass(frozen=True, slots=True)
class Wrote:
    """A text nobody asked for: so long ago, and how the clinic dealt with it (still open when there is no outcome)."""

    ago: timedelta
    body: str
    outcome: Outcome | None = None
    note: str = ""
    taken: bool = True


@dataclass(frozen=True, slots=True)
class Story:
    """One patient's month. Days count back from today; `moods` and `pains` are the answers in their order.

    The newest treatment lies so far back that the next check-in is at least three days away: nothing goes out, and
    nobody is paged, on the evening somebody first tries the demo.
    """

    given_name: str
    family_name: str
    treated: tuple[int, ...]
    moods: tuple[int, ...]
    pains: tuple[int, ...]
    says: str = "{mood} {pain}"
    baseline: tuple[int, int] = (4, 5)
    timezone: str = ZONE
    language: str = "en"
    track: str = "both"
    flags: tuple[str, ...] = ()
    route: str = "iv"
    silent: frozenset[str] = frozenset()
    wrote: tuple[Wrote, ...] = ()
    told: Mapping[int, str] = field(default_factory=dict)
    paused: int | None = None
    discharged: int | None = None


def _ago(days: int = 0, hours: int = 0) -> timedelta:
    return timedelta(days=days, hours=hours)


STORIES = (
    Story("Ana", "Reyes", (30, 27, 23, 16), (5, 6, 6, 7, 7, 8, 7, 8), (6, 5, 5, 4, 4, 3, 3, 3),
          says="mood {mood} pain {pain}", told={
              15: "Hi Ana, Noor from the clinic. Your next visit is booked, as you asked."}),
    Story("Marcus", "Bell", (29, 22), (4, 5, 6, 7, 8, 8, 8), (3, 3, 2, 2, 2, 1, 2), wrote=(
        Wrote(_ago(12, 3), "this commute is killing me lol, otherwise all good", Outcome.FALSE_ALARM,
              "Figure of speech. Called him, he laughed about it."),)),
    Story("Priya", "Nair", (31, 24, 17), (4, 4, 5, 6, 6, 7, 7), (4, 4, 3, 3, 3, 3, 2), says="{mood}/10 and {pain}/10",
          route="im", wrote=(Wrote(_ago(16, 2), "Can I take melatonin the night after a visit?",
                                   Outcome.REACHED, "Vera answered by phone: yes."),)),
    Story("Lucía", "Ortega", (28, 15), (4, 5, 5, 6, 7, 7), (6, 6, 5, 5, 4, 4), says="{mood} y {pain}", language="es"),
    Story("Tom", "Whitaker", (35, 32, 29), (5, 5, 6, 6, 6, 7, 6), (8, 7, 6, 6, 5, 6, 5),
          says="pain {pain}, mood {mood}", track="pain", flags=("crps",), baseline=(5, 8), wrote=(
              Wrote(_ago(20, 4), "been nauseous since the visit, is that normal", Outcome.REACHED,
                    "Settled by evening. Told him when to call."),)),
    Story("June", "Park", (29, 26, 22), (5, 5, 6, 6, 6), (4, 4, 4, 3, 3), wrote=(Wrote(_ago(10, 5), "STOP"),)),
    Story("Samuel", "Osei", (30, 23, 9), (4, 5, 5, 6, 7, 6, 7), (5, 5, 5, 4, 4, 4, 3), silent=frozenset({"day_7"})),
    Story("Hannah", "Weiss", (33, 30, 24), (4, 4, 5, 5, 5, 6, 6, 6), (3, 3, 3, 2, 2, 2, 2), baseline=(4, 3), wrote=(
        Wrote(_ago(13, 2), "I don't want to be here anymore. I keep thinking everyone would be better off without me",
              Outcome.REACHED, "Spoke for 25 minutes. Safe, her sister stays with her. Visit moved to tomorrow."),)),
    Story("Derek", "Cole", (32, 29, 22, 8), (4, 5, 6, 7, 7, 8, 7, 7), (4, 4, 3, 3, 3, 3, 3), wrote=(
        Wrote(_ago(0, 3), "mood 3 pain 4"),)),
    Story("Grace", "Kim", (34, 31, 24), (5, 6, 6, 7, 7, 7, 8), (5, 4, 4, 4, 3, 3, 3), paused=11,
          timezone="America/Chicago"),
    Story("Kofi", "Mensah", (31, 28, 22), (4, 5, 6, 6, 7, 7, 7), (7, 6, 6, 5, 5, 4, 4), says="{mood}",
          timezone="America/Los_Angeles", baseline=(4, 7)),
    Story("Rosa", "Lindgren", (30, 27, 16), (5, 5, 6, 7, 7, 7, 8), (4, 4, 3, 3, 2, 2, 2), wrote=(
        Wrote(_ago(0, 5), "Is it ok to take my allergy pills the day before my next visit?", taken=False),)),
    Story("Ines", "Duarte", (38, 35, 31), (6, 6, 7, 7, 8, 8, 8), (3, 3, 2, 2, 2, 1, 1), discharged=9),
)  # fmt: skip


def seed_demo(house: House, *, password: str) -> DemoClinic:
    """The demo clinic, made in one transaction when it is not there yet; otherwise as it stands.

    All four members of staff sign in with `password`. Raises `Invalid` when it is too short.
    """
    if (found := _existing()) is not None:
        return found
    password_hash = accounts.hash_password(password)
    with transaction() as session:
        clinic = _clinic(house)
        staff = [_hire(clinic, password_hash, house, *person) for person in STAFF]
        session.flush()
        session.add_all(_shifts(clinic, staff, house.now()))
        session.flush()
        agenda = _Agenda()
        for place, story in enumerate(STORIES):
            _Month(story, f"+{FIRST_PATIENT + place}", clinic, staff, house, agenda).plan()
        agenda.live(house.now())
        session.flush()
    return DemoClinic(clinic, staff, fresh=True)


def _existing() -> DemoClinic | None:
    clinic = db.session.scalars(select(Clinic).where(Clinic.slug == SLUG)).first()
    if clinic is None:
        return None
    staff = db.session.scalars(select(Staff).where(Staff.clinic_id == clinic.id).order_by(Staff.id)).all()
    return DemoClinic(clinic, staff, fresh=False)


def _clinic(house: House) -> Clinic:
    now = house.now()
    clinic = Clinic(
        id=uuid7(), slug=SLUG, name=NAME, number=NUMBER, phone=PHONE, timezone=ZONE, country="US", next_case=1,
        created_at=now - 40 * DAY,
    )  # fmt: skip
    db.session.add(clinic)
    db.session.flush()
    for position, step in enumerate(house.clinical.protocol.escalation.steps):
        minutes = int(step.wait / MINUTE)
        db.session.add(PolicyStep(clinic_id=clinic.id, position=position, audience=step.audience, wait_minutes=minutes))
    audit.record(clinic.id, audit.SYSTEM, "demo_seeded", clinic.id, now)
    return clinic


def _hire(clinic: Clinic, password_hash: str, house: House, name: str, email: str, phone: str, role: str) -> Staff:
    ring = keyring()
    person = Staff(
        id=uuid7(), clinic_id=clinic.id, name=name, email=email, email_digest=ring.digest(email), phone=phone,
        phone_digest=ring.digest(phone), role=role, password_hash=password_hash, created_at=clinic.created_at,
    )  # fmt: skip
    db.session.add(person)
    audit.record(clinic.id, audit.SYSTEM, "staff_added", person.id, house.now(), role)
    return person


def _shifts(clinic: Clinic, staff: Sequence[Staff], now: datetime) -> list[Shift]:
    """Noor by day, Vera by night, Dov in the nights of the weekend: every hour of the week is held."""
    noor, vera, dov = staff[:3]
    zone = zone_named(clinic.timezone)
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday(), weeks=6)
    morning, evening = time(7), time(19)
    spans = [(noor, day, morning, day, evening) for day in range(7)]
    spans += [(vera, day, evening, day + 1, morning) for day in (0, 1, 2, 3, 6)]
    spans += [(dov, day, evening, day + 1, morning) for day in (4, 5)]
    return [
        Shift(
            clinic_id=clinic.id,
            staff_id=person.id,
            starts_at=at_local(monday + first * DAY, begins, zone),
            ends_at=at_local(monday + last * DAY, ends, zone),
            weekly=True,
        )
        for person, first, begins, last, ends in spans
    ]


class _Agenda:
    """What happens when, of all patients together, so that cases are numbered in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Act]] = []
        self._order = count()

    def add(self, at: datetime, act: Act) -> None:
        heappush(self._waiting, (at, next(self._order), act))

    def live(self, until: datetime) -> None:
        """Do one thing after the other, each of which may add more; what lies later stays undone."""
        while self._waiting and self._waiting[0][0] <= until:
            at, _, act = heappop(self._waiting)
            act(at)


class _Month:
    """One patient's month; every text is read by the product's own rules."""

    def __init__(
        self, story: Story, number: str, clinic: Clinic, staff: Sequence[Staff], house: House, agenda: _Agenda
    ) -> None:
        self.story, self.clinic, self.staff, self.house = story, clinic, staff, house
        self.now, self.zone = house.now(), zone_named(story.timezone)
        self.today = self.now.astimezone(self.zone).date()
        self._at, self._prompts, self._answers = agenda.add, count(int(number[-2:])), count()
        self._values: tuple[int, int] = story.baseline
        self.patient = self._enrolled(number)

    def plan(self) -> None:
        story = self.story
        for index, days in enumerate(story.treated):
            self._at(self._local(days, 12 + index % 3, 40), self._treatment(first=index == 0))
        for wrote in story.wrote:
            self._at(self.now - wrote.ago, self._writes(wrote))
        for days, words in story.told.items():
            self._at(self._local(days, 15, 10), self._told(words))
        if story.paused is not None:
            self._at(self._local(story.paused, 16, 5), self._pause)
        if story.discharged is not None:
            self._at(self._local(story.discharged, 16, 5), self._discharge)

    def _local(self, days_ago: int, hour: int, minute: int) -> datetime:
        day: date = self.today - timedelta(days=days_ago)
        return at_local(day, time(hour, minute), self.zone)

    # The clinic

    def _enrolled(self, number: str) -> Patient:
        story, ring = self.story, keyring()
        at = self._local(max(story.treated) + 1, 11, 20)
        patient = Patient(
            id=uuid7(), clinic_id=self.clinic.id, given_name=story.given_name, family_name=story.family_name,
            phone=number, phone_digest=ring.digest(number), timezone=story.timezone, language=story.language,
            country="US", track=story.track, flags=list(story.flags), baseline_mood=story.baseline[0],
            baseline_pain=story.baseline[1], given_mood=story.baseline[0], given_pain=story.baseline[1], created_at=at,
        )  # fmt: skip
        db.session.add(patient)
        db.session.flush()
        record_consent(patient, "written", "consent form, signed, in the chart", at)
        audit.record(patient.clinic_id, f"staff:{self.staff[0].id}", "enrolled", patient.id, at)
        _arrived(outbox.to_patient(patient, self.clinic, Kind.WELCOME, "welcome", self.house, at))
        return patient

    def _treatment(self, *, first: bool) -> Act:
        def treat(at: datetime) -> None:
            story, patient = self.story, self.patient
            recorded_at = at + 8 * MINUTE
            self._skip_planned("a newer treatment", recorded_at)
            mood, pain = self._values
            treatment = Treatment(
                id=uuid7(), clinic_id=patient.clinic_id, patient_id=patient.id, ended_at=at, route=story.route,
                setting="clinic", baseline_mood=mood, baseline_pain=pain, escort=True, co_sedative=False,
                created_at=recorded_at,
            )  # fmt: skip
            db.session.add(treatment)
            db.session.flush()
            audit.record(
                patient.clinic_id, f"staff:{self.staff[0].id}", "treatment_recorded", treatment.id, recorded_at
            )
            protocol = self.house.clinical.protocol
            facts = TreatmentFacts(at, story.route, "clinic", first, flags=frozenset(story.flags))
            for plan in check_in_times(facts, protocol, self._whose(at))[0]:
                check_in = CheckIn(
                    id=uuid7(), clinic_id=patient.clinic_id, patient_id=patient.id, treatment_id=treatment.id,
                    name=plan.name, asks=list(plan.asks), due_at=plan.due_at, send_by=plan.send_by,
                    answer_by=plan.answer_by, timezone=patient.timezone,
                )  # fmt: skip
                db.session.add(check_in)
                self._at(plan.due_at, self._prompt(check_in))
            db.session.flush()

        return treat

    def _whose(self, at: datetime) -> Whose:
        prompted = [row.prompted_at for row in self._mine() if row.prompted_at and row.prompted_at > at - 8 * DAY]
        on = tuple(when.astimezone(self.zone).date() for when in prompted)
        return Whose(self.zone, self.house.clinical.protocol.window, self.story.track, prompted_on=on)

    def _mine(self) -> Sequence[CheckIn]:
        mine = (CheckIn.clinic_id == self.clinic.id, CheckIn.patient_id == self.patient.id)
        return db.session.scalars(select(CheckIn).where(*mine)).all()

    def _skip_planned(self, because: str, at: datetime) -> None:
        waiting = (CheckIn.prompted_at.is_(None), CheckIn.skipped_at.is_(None), CheckIn.patient_id == self.patient.id)
        for check_in in db.session.scalars(select(CheckIn).where(CheckIn.clinic_id == self.clinic.id, *waiting)):
            check_in.skipped_at, check_in.skipped_because = at, because

    def _told(self, words: str) -> Act:
        def tell(at: datetime) -> None:
            patient = self.patient
            _arrived(
                outbox.to_number(
                    patient.clinic_id,
                    patient.phone,
                    Kind.STAFF_MESSAGE,
                    "staff_message",
                    words,
                    at,
                    patient_id=patient.id,
                )
            )

        return tell

    def _pause(self, at: datetime) -> None:
        self.patient.paused_at = at
        note(self.patient, StandingKind.PAUSED, f"staff:{self.staff[0].id}", at)

    def _discharge(self, at: datetime) -> None:
        self.patient.discharged_at = at
        note(self.patient, StandingKind.DISCHARGED, f"staff:{self.staff[0].id}", at)
        self._skip_planned("discharged", at)

    # Check-ins

    def _prompt(self, check_in: CheckIn) -> Act:
        def prompt(at: datetime) -> None:
            if check_in.skipped_at is not None:
                return
            sent_at = at + timedelta(seconds=4)
            of_mine = select(CheckIn.prompted_at).where(
                CheckIn.clinic_id == self.clinic.id,
                CheckIn.patient_id == self.patient.id,
                CheckIn.prompted_at.is_not(None),
            )
            earlier = [prompted for prompted in db.session.scalars(of_mine) if prompted is not None]
            protocol = self.house.clinical.protocol
            if reason := may_prompt(standing_of(self.patient), earlier, sent_at, protocol, self.zone):
                check_in.skipped_at, check_in.skipped_because = sent_at, reason
                return
            check_in.prompted_at = sent_at
            text_name, links = f"prompt_{check_in.asks[0]}", {"check_in_id": check_in.id}
            _arrived(outbox.to_patient(self.patient, self.clinic, Kind.PROMPT, text_name, self.house, sent_at, **links))
            if check_in.name in self.story.silent and check_in.due_at > self.now - 5 * DAY:
                self._at(check_in.answer_by, lambda late: setattr(check_in, "missed_at", late))
            else:
                self._at(sent_at + (3 + 17 * next(self._prompts) % 49) * MINUTE, self._answer(check_in))

        return prompt

    def _answer(self, check_in: CheckIn) -> Act:
        """The patient answers what is asked, one thing after the other, as far as one text leaves something open."""

        def answer(at: datetime) -> None:
            of_this = select(Score).where(Score.clinic_id == self.clinic.id, Score.check_in_id == check_in.id)
            left = awaited(check_in, db.session.scalars(of_this).all())
            if not left:
                return
            if len(left) == len(check_in.asks) and left[0] != "safety":
                given = next(self._answers)
                self._values = _nth(self.story.moods, given), _nth(self.story.pains, given)
            self._read(self._words(left, check_in), at)
            self._at(at + 2 * MINUTE, self._answer(check_in))

        return answer

    def _words(self, left: Sequence[str], check_in: CheckIn) -> str:
        mood, pain = self._values
        if left[0] == "safety":
            return "1"
        if left[0] in WORD_ITEMS:
            return "no" if self.story.language == "es" else "N"
        if len(left) == len(check_in.asks):
            return self.story.says.format(mood=mood, pain=pain)
        return str(pain if left[0] == "pain" else mood)

    # Texts

    def _writes(self, wrote: Wrote) -> Act:
        def write(at: datetime) -> None:
            case = self._read(wrote.body, at)
            if case is not None:
                self._deal_with(case, wrote, at)

        return write

    def _read(self, body: str, at: datetime) -> Escalation | None:
        """What the product itself would make of this text at that time."""
        patient, house = self.patient, replace(self.house, now=lambda: at)
        db.session.flush()
        check_in = asked(patient, at, house)
        history = history_of(patient, check_in, house, at)
        treatment = latest_treatment(patient)
        hours = (at - treatment.ended_at) / timedelta(hours=1) if treatment else None
        found = house.clinical.screen(body, hours_since_treatment=hours)
        reply = read_reply(body, history.awaiting)
        verdict = triage(reply, found, Sender.PATIENT, history, protocol=house.clinical.protocol, now=at)
        inbound = self._kept(body, verdict, check_in, at)
        for measure, value in verdict.scores.items():
            self._scored(inbound, check_in, measure.value, int(value))
        if check_in is not None:
            left = still_awaited(history.awaiting, verdict.scores, reply)
            if "safety" in history.awaiting and reply.safe is not None:
                check_in.safe = reply.safe
            for item, told in word_answers(history.awaiting, reply).items():
                setattr(check_in, item, told.value)
            if not left and history.awaiting:
                check_in.answered_at = at
        if reply.opts_out or reply.keyword is Keyword.STOP:
            record_opt_out(patient, "keyword", f"text {inbound.message_sid}", at, inbound.id)
            if carrier_hears(inbound.body) is ConsentKind.OPT_OUT:
                record_block(patient, f"text {inbound.message_sid}", at, inbound.id)
        case = None
        if verdict.concerns:
            case = opening.open_or_join(self.clinic, patient.phone, patient, verdict.concerns, house, at, inbound.id)
            inbound.disposition, inbound.escalation_id = Disposition.ESCALATION.value, case.id
        self._reply(verdict, inbound, case, at)
        return case

    def _kept(self, body: str, verdict: Verdict, check_in: CheckIn | None, at: datetime) -> InboundMessage:
        patient = self.patient
        answered = Disposition.ANSWERED if verdict.concerns else verdict.disposition
        inbound = InboundMessage(
            id=uuid7(), clinic_id=patient.clinic_id, message_sid=f"SM{uuid4().hex}", from_number=patient.phone,
            from_digest=patient.phone_digest, to_number=NUMBER, body=body, media_count=0, parameters="{}",
            received_at=at, processed_at=at, attempts=1, disposition=answered.value, priority=int(verdict.priority),
            patient_id=patient.id, check_in_id=check_in.id if check_in else None,
        )  # fmt: skip
        db.session.add(inbound)
        db.session.flush()
        audit.record(patient.clinic_id, audit.SYSTEM, "text_understood", inbound.id, at, verdict.disposition.value)
        return inbound

    def _scored(self, inbound: InboundMessage, check_in: CheckIn | None, measure: str, value: int) -> None:
        db.session.add(
            Score(
                id=uuid7(), clinic_id=inbound.clinic_id, patient_id=self.patient.id, inbound_id=inbound.id,
                measure=measure, check_in_id=check_in.id if check_in else None, value=value, at=inbound.received_at,
            )
        )  # fmt: skip

    def _reply(self, verdict: Verdict, inbound: InboundMessage, case: Escalation | None, at: datetime) -> None:
        if verdict.reply is ReplyKind.NOTHING:
            return
        kind = _KINDS.get(verdict.reply, Kind.REPLY)
        name = f"ask_{verdict.offer.measure}" if verdict.offer else verdict.reply.value
        _arrived(
            outbox.to_patient(
                self.patient, self.clinic, kind, name, self.house, at, by="twiml", inbound_id=inbound.id,
                escalation_id=case.id if case else None, priority=int(verdict.priority),
            )
        )  # fmt: skip

    # Cases

    def _deal_with(self, case: Escalation, wrote: Wrote, at: datetime) -> None:
        """Who was on call took it; a clinician closed it, unless the story leaves it open."""
        db.session.flush()
        if not wrote.taken and case.priority == Priority.ROUTINE:
            return
        people = staffing.Staffing(self.clinic, at)
        person = people.everybody[people.on_call[0]]
        urgent = case.priority >= Priority.ASAP
        if urgent:
            self._page(case, person, at + timedelta(seconds=2))
        taken_at = at + (4 if urgent else 21) * MINUTE
        house = replace(self.house, now=lambda: taken_at)
        via = "sms" if urgent else "console"
        acting.acknowledge((case.clinic_id, case.id), person, via, house, taken_at)
        if wrote.outcome is not None:
            self._close(case, wrote.outcome, wrote.note, taken_at + 46 * MINUTE)

    def _page(self, case: Escalation, person: Staff, at: datetime) -> None:
        body = self.house.clinical.texts.for_staff("page", priority=Priority(case.priority).label, case=case.number)
        links = {"id": uuid7(), "escalation_id": case.id, "priority": case.priority}
        message = _arrived(outbox.to_staff(person, Kind.PAGE, "page", body, at, **links))
        case.step = 0
        events.add_event(case, "paged", at, staff_id=person.id, outbound_id=message.id, step=0)

    def _close(self, case: Escalation, outcome: Outcome, note: str, at: datetime) -> None:
        vera = self.staff[1]
        case.resolved_at, case.resolved_by, case.outcome, case.next_page_at = at, vera.id, outcome.value, None
        self.patient.held_at = None
        events.add_event(case, "resolved", at, staff_id=vera.id, detail=note)
        audit.record(case.clinic_id, acting.actor_of(vera), "resolved", case.id, at, outcome.value)


def _nth(values: Sequence[int], place: int) -> int:
    """That value, or the last one when the answers outnumber them."""
    return values[min(place, len(values) - 1)]


def _arrived(message: OutboundMessage) -> OutboundMessage:
    """A text of the past: sent, and delivered two seconds later."""
    at = message.created_at
    message.id = message.id or uuid7()
    message.state, message.carrier_status, message.message_sid = State.DELIVERED.value, "delivered", f"SM{uuid4().hex}"
    message.send_at, message.claimed_at, message.attempts = None, at, 1
    message.sent_at, message.settled_at = at + timedelta(seconds=1), at + timedelta(seconds=2)
    db.session.add(
        DeliveryReport(
            id=uuid7(), clinic_id=message.clinic_id, outbound_id=message.id, message_sid=message.message_sid,
            status="delivered", at=message.settled_at,
        )
    )  # fmt: skip
    return message
