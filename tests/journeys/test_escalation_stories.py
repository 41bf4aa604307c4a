"""Stories of a case: whom it pages, who takes it, and that nothing but an outcome closes it (S7, S8)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from backend.services.cases import acting
from backend.services.invalid import Conflict, Invalid
from backend.store.database import db
from backend.store.escalations import Escalation, EscalationEvent
from backend.store.patients import Patient
from backend.store.staff import Shift, Staff
from backend.store.work import transaction
from backend.web.current import HOUSE
from tests.town import A_TUESDAY, Phone, Town

IN_DANGER = "I am going to kill myself tonight"
HOPELESS = "I don't want to be here anymore"
OPERATOR = "+15555550190"
A_STEP = timedelta(minutes=15)


def ana_in_danger(town: Town, words: str = IN_DANGER) -> Phone:
    """Ana, who has just texted these words."""
    return town.phone_of(town.enrol_patient()).texts(words)


def events(town: Town, case: Escalation) -> list[str]:
    with town.inside():
        of_case = select(EscalationEvent.kind).where(EscalationEvent.escalation_id == case.id)
        return list(db.session.scalars(of_case.order_by(EscalationEvent.id)))


def send_home(town: Town, *people: Staff) -> None:
    """These people no longer work here."""
    with town.inside(), transaction() as session:
        gone = update(Staff).where(Staff.id.in_([person.id for person in people]))
        session.execute(gone.values(deactivated_at=town.clock.now()))


def empty_the_rota(town: Town) -> None:
    with town.inside(), transaction() as session:
        session.execute(delete(Shift))


def resolve(town: Town, by: Staff, outcome: str, note: str = "") -> None:
    [case] = town.cases()
    with town.inside():
        acting.resolve((case.clinic_id, case.id), by, outcome, note, town.house)


def test_nobody_acknowledges_and_it_climbs_wraps_and_never_gives_up(any_town: Town) -> None:
    town = any_town
    noor, vera, dov = (town.phone_of(person) for person in (town.noor, town.vera, town.dov))
    ana_in_danger(town)
    assert ["STAT case 1" in page for page in noor.news] == [True]
    assert (vera.news, dov.news) == ([], [])

    town.wait(step=A_STEP, minutes=15)
    assert (len(noor.news), len(vera.news), len(dov.news)) == (1, 1, 0)
    town.wait(step=A_STEP, minutes=15)
    assert (len(noor.news), len(vera.news), len(dov.news)) == (0, 0, 1)
    town.wait(step=A_STEP, minutes=15)
    assert (len(noor.news), len(vera.news), len(dov.news)) == (1, 0, 0)

    town.wait(step=A_STEP, hours=6)
    assert len(noor.news) >= 14
    assert len(dov.news) >= 7
    [case] = town.cases()
    assert case.state == "open"
    assert case.next_page_at is not None


def test_a_page_holds_a_case_number_and_nothing_of_the_patient(town: Town) -> None:
    ana_in_danger(town)
    [page] = town.phone_of(town.noor).news
    assert page == "Aftercare STAT case 1. Reply ACK 1 to take it, then open the console."


def test_an_empty_step_is_skipped_at_once(town: Town) -> None:
    empty_the_rota(town)
    ana_in_danger(town)
    assert len(town.phone_of(town.noor).news) == 1
    assert len(town.phone_of(town.vera).news) == 1
    [case] = town.cases()
    assert case.step == 1
    assert events(town, case) == ["opened", "step_empty", "paged", "paged"]


def test_a_chain_with_nobody_pages_the_operator_and_turns_health_red(town: Town) -> None:
    town.house = town.app.extensions[HOUSE] = replace(town.house, operator_contact=OPERATOR)
    web, operator = town.app.test_client(), town.phone(OPERATOR)
    empty_the_rota(town)
    send_home(town, town.noor, town.vera, town.dov)
    assert web.get("/readyz").json["checks"]["cover"] == f"nobody to page at clinic {town.clinic.id}"  # type: ignore[index] # JSON

    ana_in_danger(town)
    assert "STAT case 1 at a clinic where nobody is on call" in operator.news[0]
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["checks"]["cover"] == "an open case has nobody to page"

    town.wait(step=A_STEP, minutes=31)
    assert len(operator.news) == 2  # as long as nobody is there, again and again

    new = town.phone_of(_hired(town, "Mia Torres", "+15555550119", "manager"))
    town.wait(step=A_STEP, minutes=15)
    assert len(new.news) == 1
    assert operator.news == []
    assert web.get("/readyz").get_json()["checks"]["cover"] == "ok"


def _hired(town: Town, name: str, number: str, role: str) -> Staff:
    with town.inside():
        return town.hire(town.clinic, name, number, role)


def test_acknowledged_without_an_outcome_pages_again(any_town: Town) -> None:
    town = any_town
    noor, vera = town.phone_of(town.noor), town.phone_of(town.vera)
    ana_in_danger(town, HOPELESS)
    noor.texts("ACK 1")
    noor.news  # noqa: B018 - read up to here
    town.wait(step=timedelta(hours=1), hours=7, minutes=50)
    assert (noor.news, vera.news) == ([], [])

    town.wait(step=A_STEP, minutes=15)
    assert any("has no outcome yet" in page for page in noor.news)
    [case] = town.cases()
    assert case.state == "open"
    town.wait(step=timedelta(hours=1), hours=1, minutes=1)
    assert len(vera.news) == 1  # and it climbs as before


def test_a_stat_case_asks_for_its_outcome_after_half_an_hour(town: Town) -> None:
    noor = town.phone_of(town.noor)
    ana_in_danger(town)
    noor.texts("ACK 1")
    noor.news  # noqa: B018 - read up to here
    town.wait(step=A_STEP, minutes=31)
    assert any("has no outcome yet" in page for page in noor.news)


def test_an_acknowledged_case_stops_paging_everybody(town: Town) -> None:
    ana_in_danger(town)
    noor, vera, dov = (town.phone_of(person) for person in (town.noor, town.vera, town.dov))
    noor.texts("ack 1")
    town.wait(step=A_STEP, minutes=29)
    assert (vera.received, dov.received) == ([], [])


def test_the_first_to_acknowledge_has_it_and_the_second_hears_so(any_town: Town) -> None:
    town = any_town
    noor, vera = town.phone_of(town.noor), town.phone_of(town.vera)
    ana_in_danger(town)
    town.wait(step=A_STEP, minutes=15)
    vera.texts("Ack #1.")
    assert vera.news[-1].startswith("Case 1 is yours")
    noor.texts("ACK 1")
    assert noor.news[-1] == "Case 1 is already taken by a colleague."
    vera.texts("ACK 1")
    assert vera.news[-1].startswith("Case 1 is yours")
    [case] = town.cases()
    assert case.acknowledged_by == town.vera.id
    assert events(town, case).count("acknowledged") == 1


def test_ack_alone_takes_the_only_case_and_asks_which_among_several(town: Town) -> None:
    noor = town.phone_of(town.noor)
    assert noor.texts("ACK").news[-1] == "No case is open."
    ana_in_danger(town)
    assert noor.texts("ack").news[-1].startswith("Case 1 is yours")
    for number in ("+15555550121", "+15555550122"):
        town.phone_of(town.enrol_patient(number)).texts(HOPELESS)
    assert noor.texts("ACK").news[-1] == "More than one case is open. Reply ACK and the case number."
    assert noor.texts("ACK 3").news[-1].startswith("Case 3 is yours")
    assert noor.texts("ACK 99").news[-1] == "No open case 99. Open the console to see the queue."


def test_an_ack_is_no_reason_to_open_a_case(town: Town) -> None:
    town.phone_of(town.noor).texts("ACK 12")
    assert town.cases() == []


def test_a_closed_case_cannot_be_taken_and_the_next_text_opens_another(town: Town) -> None:
    ana = ana_in_danger(town)
    resolve(town, town.vera, "reached")
    assert town.phone_of(town.noor).texts("ACK 1").news[-1] == "Case 1 is already closed."
    ana.texts(HOPELESS)
    assert [case.state for case in town.cases()] == ["resolved", "open"]


def test_it_takes_an_outcome_to_close_a_case(town: Town) -> None:
    ana_in_danger(town)
    with pytest.raises(Invalid) as refused:
        resolve(town, town.noor, "fine now")
    assert set(refused.value.faults) == {"outcome"}
    with pytest.raises(Invalid) as refused:
        resolve(town, town.noor, "false_alarm")
    assert set(refused.value.faults) == {"note"}
    [case] = town.cases()
    assert case.state == "open"
    resolve(town, town.noor, "false_alarm", "A quote from a film; she laughed about it.")
    with pytest.raises(Conflict):
        resolve(town, town.noor, "reached")


def test_nothing_the_patient_says_closes_a_case(town: Town) -> None:
    ana = ana_in_danger(town)
    for words in ("I'm ok now", "just joking", "wrong number", "thanks", "10", "false alarm, ACK 1", "ACK 1"):
        ana.texts(words)
    [case] = town.cases()
    assert case.state == "open"
    assert case.next_page_at is not None


def test_a_worse_text_joins_the_open_case_raises_it_and_pages_afresh(any_town: Town) -> None:
    town = any_town
    noor = town.phone_of(town.noor)
    ana = ana_in_danger(town, HOPELESS)
    noor.texts("ACK 1")
    noor.news  # noqa: B018 - read up to here
    ana.texts(IN_DANGER)
    assert noor.news == ["Aftercare STAT case 1. Reply ACK 1 to take it, then open the console."]
    [case] = town.cases()
    assert (case.priority, case.state) == (4, "open")
    assert {"joined", "raised"} <= set(events(town, case))


def test_whoever_has_the_case_hears_of_the_next_worrying_text(town: Town) -> None:
    noor = town.phone_of(town.noor)
    ana = ana_in_danger(town)
    noor.texts("ACK 1")
    noor.news  # noqa: B018 - read up to here
    ana.texts(HOPELESS)
    assert len(noor.news) == 1
    [case] = town.cases()
    assert case.state == "acknowledged"


def test_an_auditor_reads_and_does_not_act(town: Town) -> None:
    ana_in_danger(town)
    assert town.phone_of(town.ada).texts("ACK 1").news[-1].startswith("No open case 1")
    with pytest.raises(Conflict):
        resolve(town, town.ada, "reached")
    [case] = town.cases()
    assert case.state == "open"


def test_another_clinics_staff_cannot_take_the_case(town: Town) -> None:
    ana_in_danger(town)
    assert town.phone_of(town.cass).texts("ACK 1").news[-1].startswith("No open case 1")
    [case] = town.cases()
    assert case.state == "open"


def test_a_routine_case_rings_nobody_for_its_whole_acknowledgement_time(town: Town) -> None:
    noor = town.phone_of(town.noor)
    ana_in_danger(town, "Can I eat grapefruit before my next visit?")
    [case] = town.cases()
    assert case.priority == 1
    town.wait(step=timedelta(hours=4), hours=20)
    assert noor.received == []
    town.wait(step=timedelta(hours=2), hours=8)
    assert len(noor.received) == 1


def test_an_urgent_case_at_night_pages_when_paging_hours_begin(town: Town) -> None:
    noor = town.phone_of(town.noor)
    ana = town.phone_of(town.enrol_patient())
    town.wait_until(A_TUESDAY.replace(hour=23))
    ana.texts("my mood is 2 and pain 3")
    [case] = town.cases()
    assert case.priority == 2
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=7, minute=50))
    assert noor.received == []
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=8, minute=5))
    assert len(noor.received) == 1


def test_a_page_that_does_not_arrive_climbs_at_once(town: Town) -> None:
    town.handsets.post("/faults", json={"handsets_off": [town.noor.phone]})
    ana_in_danger(town)
    assert len(town.phone_of(town.vera).received) == 1


def test_a_phone_that_is_off_does_not_make_the_others_ring_without_end(town: Town) -> None:
    town.handsets.post("/faults", json={"handsets_off": [town.noor.phone]})
    ana_in_danger(town)
    town.wait(step=timedelta(minutes=5), minutes=30)
    assert 1 <= len(town.phone_of(town.vera).received) <= 4
    assert 1 <= len(town.phone_of(town.dov).received) <= 4


def test_phones_that_are_all_off_are_not_paged_without_end(town: Town) -> None:
    everybody = (town.noor, town.vera, town.dov)
    town.handsets.post("/faults", json={"handsets_off": [person.phone for person in everybody]})
    ana_in_danger(town)
    town.wait(step=timedelta(minutes=16), minutes=64)
    [case] = town.cases()
    assert 10 <= events(town, case).count("paged") <= 24
    town.handsets.post("/faults", json={"handsets_off": []})
    town.wait(step=timedelta(minutes=16), minutes=48)
    assert all(town.phone_of(person).received for person in everybody)


def test_the_hold_ends_only_when_a_clinician_closes_the_case(town: Town) -> None:
    ana_in_danger(town)
    resolve(town, town.noor, "reached")
    assert _is_held(town)
    town.wait(step=timedelta(minutes=15), minutes=11)
    with town.inside():
        [number] = db.session.scalars(select(Patient.phone))
    town.phone(number).texts(IN_DANGER)
    case = town.cases()[-1]
    with town.inside():
        acting.resolve((case.clinic_id, case.id), town.vera, "reached", "", town.house)
    assert not _is_held(town)


def _is_held(town: Town) -> bool:
    with town.inside():
        [held_at] = db.session.scalars(select(Patient.held_at))
        return held_at is not None


def test_a_nurse_who_is_a_patient_here_too_takes_cases_and_is_screened(town: Town) -> None:
    noor = town.phone_of(town.noor)
    town.enrol_patient(town.noor.phone, given_name="Noor", family_name="Haddad")
    ana_in_danger(town)
    noor.texts("ACK 1")
    assert "Case 1 is yours" in noor.news[-1]
    noor.texts("I want to die")
    assert any("Call or text 988 now" in text for text in noor.news)
    assert len(town.cases()) == 2
