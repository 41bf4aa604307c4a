"""Many at once: every clock, every hand and every repeated webhook at the same moment, and each row is worked once."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import time, timedelta
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any

from sqlalchemy import func, select

from backend.domain.concerns import Concern
from backend.services.cases import acting, paging
from backend.services.house import Screening
from backend.services.invalid import Conflict
from backend.services.patients import enrolment, standing, treatments
from backend.services.patients.check_ins import prompt_due
from backend.services.texting import inbox
from backend.store.check_ins import CheckIn, Score
from backend.store.database import db
from backend.store.escalations import ConcernRow, Escalation, EscalationEvent
from backend.store.patients import Patient, Treatment
from backend.store.staff import Staff
from backend.store.texts import InboundMessage, OutboundMessage
from jobs.ticks import Senders, ticks
from tests.journeys.carrier import inbound_parameters, post
from tests.town import A_TUESDAY, Town

CLOCKS = 4
PATIENTS = 6
IN_DANGER = "I am going to kill myself tonight"


def at_once(times: int, act: Callable[[int], None]) -> None:
    """Run the same act so many times, all starting at the same moment. The first error is raised here."""
    start, faults = Barrier(times), list[BaseException]()

    def run(number: int) -> None:
        start.wait(20)
        try:
            act(number)
        except BaseException as fault:  # noqa: BLE001 - raised again below, in the test's own thread
            faults.append(fault)

    threads = [Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a race that never ends"
    if faults:
        raise faults[0]


def all_clocks(town: Town, times: int = CLOCKS) -> None:
    """So many clock processes' worth of ticks over the same rows."""

    def clock(_number: int) -> None:
        senders = Senders()
        with town.app.app_context():
            for tick in ticks(senders):
                tick.work(town.house)
        senders.close()

    at_once(times, clock)


def test_many_clocks_prompt_each_patient_once_and_page_each_person_once(any_town: Town) -> None:
    town = any_town
    patients = [town.enrol_patient(f"+155555503{number:02}") for number in range(PATIENTS)]
    for patient in patients:
        town.treat(patient, ended_at=A_TUESDAY.replace(hour=8))
    for number in range(PATIENTS):
        post(town, "/twilio/inbound", inbound_parameters(From=f"+155555504{number:02}", Body=IN_DANGER))
    town.clock.advance(A_TUESDAY.replace(hour=12, minute=30) - town.clock.now())

    all_clocks(town)
    town.settle()

    for patient in patients:
        prompts = [text for text in town.phone_of(patient).received if "home safe?" in text]
        assert len(prompts) == 1
    pages = Counter(town.phone_of(town.noor).received)
    assert sorted(pages.values()) == [1] * PATIENTS
    with town.inside():
        paged = db.session.scalars(select(EscalationEvent.escalation_id).where(EscalationEvent.kind == "paged"))
        assert set(Counter(paged).values()) == {1}
        assert set(db.session.scalars(select(Escalation.step))) == {0}


def test_many_clocks_climb_one_step_at_a_time(any_town: Town) -> None:
    town = any_town
    town.phone("+15555550400").texts(IN_DANGER)
    town.clock.advance(A_TUESDAY.replace(minute=50) - town.clock.now())
    all_clocks(town)
    town.settle()
    assert len(town.phone_of(town.vera).received) == 1
    assert town.phone_of(town.dov).received == []


def test_one_of_many_acknowledgements_at_the_same_second_wins(any_town: Town) -> None:
    town = any_town
    town.phone("+15555550400").texts(IN_DANGER)
    [case] = town.cases()
    with town.inside():
        people = [town.hire(town.clinic, f"Nurse {n}", f"+155555505{n:02}", "clinician") for n in range(8)]
        for person in people:
            db.session.refresh(person)
    won: list[Staff] = []
    lost: list[str] = []

    def acknowledge(number: int) -> None:
        with town.app.app_context():
            try:
                acting.take((case.clinic_id, case.id), people[number], "console", town.house)
                won.append(people[number])
            except Conflict as refused:
                lost.append(str(refused))

    at_once(len(people), acknowledge)
    assert len(won) == 1
    assert lost == ["Case 1 is already taken by a colleague."] * 7
    [case] = town.cases()
    assert case.acknowledged_by == won[0].id
    with town.inside():
        taken = select(func.count()).select_from(EscalationEvent).where(EscalationEvent.kind == "acknowledged")
        assert db.session.scalar(taken) == 1


def test_an_acknowledgement_in_the_middle_of_paging_is_not_overrun(any_town: Town) -> None:
    town = any_town
    town.phone("+15555550400").texts(IN_DANGER)
    [case] = town.cases()
    town.clock.advance(A_TUESDAY.replace(minute=50) - town.clock.now())

    def either(number: int) -> None:
        with town.app.app_context():
            if number == 0:
                acting.take((case.clinic_id, case.id), town.noor, "console", town.house)
            else:
                paging.page_overdue(town.house)

    at_once(4, either)
    town.settle()
    [case] = town.cases()
    assert case.acknowledged_by == town.noor.id
    assert len(town.phone_of(town.vera).received) <= 1


def test_the_same_webhook_many_times_at_once_is_one_text_and_one_reply(any_town: Town) -> None:
    town = any_town
    town.enrol_patient()
    parameters = inbound_parameters(Body=IN_DANGER)
    statuses: list[int] = []
    at_once(6, lambda _number: statuses.append(post(town, "/twilio/inbound", parameters).status_code))
    assert statuses == [200] * 6
    with town.inside():
        [kept] = db.session.scalars(select(InboundMessage))
        assert (kept.disposition, kept.attempts) == ("escalation", 1)
        crises = select(func.count()).select_from(OutboundMessage).where(OutboundMessage.kind == "crisis")
        assert db.session.scalar(crises) == 1
    assert len(town.cases()) == 1


def meeting(screen: Screening, people: int) -> Screening:
    """The screen, waiting a moment for as many others as come, so that they go on together."""
    together = Barrier(people)

    def wait_and_screen(text: str, **known: Any) -> Sequence[Concern]:
        with suppress(BrokenBarrierError):
            together.wait(0.15)  # within what a screen may take
        return screen(text, **known)

    return wait_and_screen


def test_texts_of_one_stranger_at_once_are_all_read_and_join_one_case(any_town: Town) -> None:
    """Neither sees the other's case before it opens its own: the loser must read its text again, not give it up."""
    town = any_town
    house = replace(town.house, clinical=replace(town.house.clinical, screen=meeting(town.house.clinical.screen, 2)))
    with town.inside():
        keys = [
            inbox.receive(inbound_parameters(From="+15555550400", Body=IN_DANGER + end), house) for end in ("", "!")
        ]

    def understand(number: int) -> None:
        with town.app.app_context():
            inbox.understand(keys[number], house, by="twiml")

    at_once(2, understand)
    [case] = town.cases()
    assert case.priority == 4
    with town.inside():
        assert "unscreened" not in set(db.session.scalars(select(ConcernRow.name)))
        assert set(db.session.scalars(select(InboundMessage.priority))) == {4}
        assert list(db.session.scalars(select(OutboundMessage.text_name))) == ["crisis", "crisis"]


def test_a_report_told_many_times_at_once_is_kept_once(any_town: Town) -> None:
    town = any_town
    town.enrol_patient()
    town.settle()
    with town.inside():
        [welcome] = db.session.scalars(select(OutboundMessage))
        path, told = (
            f"/twilio/status/{welcome.reference}",
            {"MessageSid": welcome.message_sid or "", "MessageStatus": "read"},
        )
    statuses: list[int] = []
    at_once(6, lambda _number: statuses.append(post(town, path, told).status_code))
    assert statuses == [204] * 6
    with town.inside():
        [welcome] = db.session.scalars(select(OutboundMessage))
        assert welcome.state == "delivered"


def live_plans(town: Town, patient: Patient) -> set[tuple[str, bool]]:
    """Of every check-in of the patient: its name, and whether it is still to come."""
    with town.inside():
        rows = db.session.scalars(select(CheckIn).where(CheckIn.patient_id == patient.id, CheckIn.skipped_at.is_(None)))
        live = [(row.name, row.prompted_at is None) for row in rows]
    assert len(live) == len(set(live)), "a check-in of two plans at once"
    return set(live)


def test_a_move_while_the_prompts_go_out_asks_everybody_once_and_stops_nobody(any_town: Town) -> None:
    """The plan is made anew at the moment its check-in is prompted: either comes first, and neither waits for ever."""
    town = any_town
    patients = [town.enrol_patient(f"+155555503{number:02}") for number in range(PATIENTS)]
    for patient in patients:
        town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=20))
    town.settle()
    town.clock.advance(A_TUESDAY.replace(hour=10, minute=30) - town.clock.now())

    def either(number: int) -> None:
        with town.app.app_context():
            if number % 2 == 0:
                prompt_due(town.house)
                return
            for patient in patients if number == 1 else reversed(patients):
                fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
                hours = {"window_closes": time(18 + number // 3), "timezone": "America/Detroit"}
                enrolment.change(fresh, hours, "test", town.house)

    at_once(4, either)
    town.settle()
    for patient in patients:
        assert ("day_1", False) in live_plans(town, patient)
        assert sum("How is your mood" in text for text in town.phone_of(patient).received) == 1


def test_a_move_while_the_answers_come_in_loses_no_answer_and_stops_nobody(any_town: Town) -> None:
    town = any_town
    patients = [town.enrol_patient(f"+155555503{number:02}") for number in range(PATIENTS)]
    for patient in patients:
        town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=20))
    town.settle()
    town.clock.advance(A_TUESDAY.replace(hour=10, minute=30) - town.clock.now())
    town.settle()

    def either(number: int) -> None:
        for patient in patients:
            if number == 0:
                post(town, "/twilio/inbound", inbound_parameters(From=patient.phone, Body="7 3"))
                continue
            with town.app.app_context():
                fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
                enrolment.change(fresh, {"window_closes": time(17 + number)}, "test", town.house)

    at_once(3, either)
    town.settle()
    with town.inside():
        assert set(db.session.scalars(select(InboundMessage.disposition))) == {"answered"}
        assert db.session.scalar(select(func.count()).select_from(Score)) == 2 * PATIENTS


def test_a_discharge_while_the_prompts_go_out_leaves_nothing_to_come(any_town: Town) -> None:
    town = any_town
    patients = [town.enrol_patient(f"+155555503{number:02}") for number in range(PATIENTS)]
    for patient in patients:
        town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=20))
    town.settle()
    town.clock.advance(A_TUESDAY.replace(hour=10, minute=30) - town.clock.now())

    def either(number: int) -> None:
        with town.app.app_context():
            if number == 0:
                prompt_due(town.house)
                return
            for patient in reversed(patients):
                standing.set_standing((patient.clinic_id, patient.id), "discharge", "test", town.house)

    at_once(2, either)
    town.settle()
    assert {to_come for patient in patients for _, to_come in live_plans(town, patient)} <= {False}


def test_many_hands_on_one_plan_take_turns(any_town: Town) -> None:
    """Record, correct, delete and move, all for one patient at the same moment: one treatment's plan stands."""
    town = any_town
    patient = town.enrol_patient()
    one, other = (town.treat(patient, ended_at=A_TUESDAY - timedelta(days=days)).treatment for days in (2, 1))
    town.settle()

    def change_zone() -> None:
        fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
        enrolment.change(fresh, {"timezone": "Pacific/Auckland"}, "test", town.house)

    acts: list[Callable[[], object]] = [
        lambda: treatments.correct_treatment((one.clinic_id, one.id), {"route": "im"}, "test", town.house),
        lambda: treatments.delete_treatment((other.clinic_id, other.id), "never was", "test", town.house),
        lambda: town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=3)),
        change_zone,
    ]

    def act(number: int) -> None:
        with town.app.app_context():
            acts[number % len(acts)]()

    at_once(len(acts), act)
    live_plans(town, patient)
    with town.inside():
        newest = select(Treatment.id).where(Treatment.deleted_at.is_(None)).order_by(Treatment.ended_at.desc()).limit(1)
        live = db.session.scalars(select(CheckIn).where(CheckIn.skipped_at.is_(None))).all()
        assert {row.treatment_id for row in live} == {db.session.scalar(newest)}
        assert {row.timezone for row in live} == {"Pacific/Auckland"}
