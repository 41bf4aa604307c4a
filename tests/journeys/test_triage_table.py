"""Every row of the triage table (CLINICAL.md 11): the level, the reply, who is told, and who next if nobody answers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.domain.concerns import Concern
from backend.services.patients.questionnaires import NewQuestionnaire, record_questionnaire
from backend.store.database import db
from backend.store.escalations import ConcernRow, Escalation, EscalationEvent
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.store.texts import OutboundMessage
from backend.web.current import HOUSE
from tests.town import A_TUESDAY, Phone, Town

CRISIS = "Thank you for telling us. Call or text 988 now"
MEDICAL = "Your message may describe a medical emergency."
SOFT = "Thank you for sharing that. Our team will follow up."
URGENT = "Thank you. We are passing this to our team"
NEUTRAL = "Thanks for your message. Our team will call you."
STAT, ASAP, LESS, ROUTINE = 4, 3, 2, 1
PATIENCE = {STAT: 15, ASAP: 60, ROUTINE: 24 * 60}
"""How many minutes whoever was told first may take before the next are told."""


@pytest.fixture
def ana(town: Town) -> Phone:
    phone = town.phone_of(town.enrol_patient(baseline={}))
    town.settle()
    phone.news  # noqa: B018 - the welcome
    return phone


def level(town: Town) -> int:
    [case] = town.cases()
    return case.priority


def paged(town: Town) -> list[tuple[int, str]]:
    """Who was paged, and how many minutes after the case was opened."""
    with town.inside():
        rows = db.session.execute(
            select(EscalationEvent.at, Escalation.opened_at, Staff.name)
            .join(Escalation, Escalation.id == EscalationEvent.escalation_id)
            .join(Staff, Staff.id == EscalationEvent.staff_id)
            .where(EscalationEvent.kind == "paged")
        )
        return sorted(((at - opened_at) // timedelta(minutes=1), name.split()[0]) for at, opened_at, name in rows)


def climbs(town: Town, priority: int) -> None:
    """Nobody takes it: first the person on call, then the team, then the manager, each after this level's patience."""
    wait, first = PATIENCE[priority], 0
    if priority == ROUTINE:
        assert paged(town) == []  # it stands in the queue for its whole time before anybody's phone rings
        first = wait
    for _ in range(2 + (priority == ROUTINE)):
        town.wait(step=timedelta(minutes=wait), minutes=wait, seconds=1)
    said = paged(town)
    assert [name for _, name in said] == ["Noor", "Noor", "Vera", "Dov"]
    for (at, _), due in zip(said, (first, first + wait, first + wait, first + 2 * wait), strict=True):
        assert due <= at <= due + 5


# L0 is stat ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("I just took all my pills", CRISIS),
        ("I am going to kill myself tonight", CRISIS),
        ("I want to die", CRISIS),
        ("goodbye everyone, this is my last message", CRISIS),
        ("I am going to kill him", CRISIS),
        ("I want to hurt my baby", CRISIS),
        ("thinking about unaliving myself", CRISIS),
        ("quiero matarme", CRISIS),
        ("crushing chest pain and I can't breathe", MEDICAL),
        ("he won't wake up", MEDICAL),
    ],
    ids=[
        "A in progress",
        "B plan",
        "C active",
        "F goodbye",
        "homicidal",
        "baby",
        "I slang of the writer",
        "Spanish",
        "chest pain",
        "unresponsive",
    ],
)
def test_row_1_and_2_what_is_stat(town: Town, ana: Phone, words: str, reply: str) -> None:
    ana.texts(words)
    assert level(town) == STAT
    assert ana.news[-1].startswith(reply)
    assert paged(town) == [(0, "Noor")]


def test_row_1_climbs_every_quarter_of_an_hour_and_begins_again(any_town: Town) -> None:
    town = any_town
    town.phone_of(town.enrol_patient()).texts("I am going to kill myself tonight")
    climbs(town, STAT)
    town.wait(step=timedelta(minutes=15), minutes=15)
    assert [name for _, name in paged(town)][4:] == ["Noor"]
    [case] = town.cases()
    assert case.resolved_at is None


def broken(_text: str, **_known: object) -> Sequence[Concern]:
    raise RuntimeError("the screen broke")


def break_screen(town: Town) -> None:
    changed = replace(town.house, clinical=replace(town.house.clinical, screen=broken))
    town.house = town.app.extensions[HOUSE] = changed


@pytest.mark.parametrize("how", ["screen broken", "photo", "empty", "other script"])
def test_row_3_what_cannot_be_screened_in_a_hold_is_stat_with_the_crisis_text(town: Town, ana: Phone, how: str) -> None:
    ana.texts("I don't want to be here anymore")
    town.wait(step=timedelta(minutes=30), hours=2)  # the crisis text again, though not in full
    assert level(town) == ASAP
    ana.news  # noqa: B018 - read up to here
    if how == "screen broken":
        break_screen(town)
    sent = {"screen broken": "7", "photo": "look", "empty": " ", "other script": "Я больше не хочу жить так"}
    ana.texts(sent[how], media=int(how == "photo"))
    assert level(town) == STAT
    [reply] = ana.news
    assert reply.startswith(CRISIS)  # a rise: in full
    assert paged(town)[-1] == (120, "Noor")  # afresh, from the first step
    ana.texts(sent[how], media=int(how == "photo"))
    assert ana.news == []


# L1 is asap ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("I wish I would not wake up", CRISIS),
        ("everyone would be better off without me", CRISIS),
        ("I've been cutting myself again", CRISIS),
        ("💊💊 I'm so sad", CRISIS),
        ("I am hallucinating", URGENT),
        ("my husband hits me", NEUTRAL),
        ("mood 1", SOFT),
    ],
    ids=["D passive", "E burden", "G self-harm", "J emoji", "hallucination", "violence", "mood 0-1"],
)
def test_row_4_and_6_what_is_asap(town: Town, ana: Phone, words: str, reply: str) -> None:
    ana.texts(words)
    assert level(town) == ASAP
    assert ana.news[-1].startswith(reply)
    assert paged(town) == [(0, "Noor")]


def test_row_4_an_item_9_above_0_is_asap(town: Town, ana: Phone) -> None:
    with town.inside():
        patient = db.session.scalars(select(Patient)).one()
        taken = NewQuestionnaire("phq9", 5, town.clock.now(), 1)
        record_questionnaire(patient, taken, "test", town.house)
    town.settle()
    assert level(town) == ASAP
    assert ana.news == []
    assert paged(town) == [(0, "Noor")]


def test_row_4_safety_answered_2_is_asap(town: Town, ana: Phone) -> None:
    with town.inside():
        patient = db.session.scalars(select(Patient)).one()
    town.treat(patient)
    town.wait(step=timedelta(hours=1), hours=5)
    ana.texts("2")
    assert level(town) == ASAP
    assert ana.news[-1].startswith(URGENT)


def test_row_4_climbs_every_hour(any_town: Town) -> None:
    town = any_town
    town.phone_of(town.enrol_patient()).texts("I don't want to be here anymore")
    climbs(town, ASAP)


def test_row_5_a_broken_screen_is_asap_with_the_soft_text(town: Town, ana: Phone) -> None:
    break_screen(town)
    ana.texts("7 3")
    assert level(town) == ASAP
    assert ana.news[-1].startswith(SOFT)


# L2 is urgent --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("I'm not suicidal", SOFT),
        ("my brother killed himself", SOFT),
        ("mood 3", SOFT),
        ("racing thoughts all night, I don't need sleep", URGENT),
        ("it burns when I pee", URGENT),
        ("craving it badly", SOFT),
        ("the IV site is red and swollen", URGENT),
    ],
    ids=["negated", "somebody else", "mood 2-3", "mania", "bladder", "craving", "IV site"],
)
def test_row_7_what_is_urgent(town: Town, ana: Phone, words: str, reply: str) -> None:
    ana.texts(words)
    assert level(town) == LESS
    assert ana.news[-1].startswith(reply)
    assert paged(town) == [(0, "Noor")]


def test_row_7_pain_risen_to_8_is_urgent(town: Town) -> None:
    phone = town.phone_of(town.enrol_patient())
    town.settle()
    phone.texts("pain 8")
    assert level(town) == LESS
    assert phone.news[-1].startswith(URGENT)


def test_row_7_waits_for_paging_hours_and_climbs_every_four(any_town: Town) -> None:
    town = any_town
    phone = town.phone_of(town.enrol_patient())
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=3), step=timedelta(hours=6))
    phone.texts("the IV site is red and swollen")
    assert paged(town) == []
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=8, minute=1), step=timedelta(hours=1))
    assert [name for _, name in paged(town)] == ["Noor"]
    town.wait(step=timedelta(hours=4), hours=8, minutes=10)
    assert [name for _, name in paged(town)] == ["Noor", "Noor", "Vera", "Dov"]


# L3 is routine -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "reply"),
    [("a bit of nausea today", URGENT), ("can I take advil with this?", URGENT), ("the weather is odd here", URGENT)],
    ids=["mild side effect", "medication question", "free text"],
)
def test_row_8_what_is_routine(town: Town, ana: Phone, words: str, reply: str) -> None:
    ana.texts(words)
    assert level(town) == ROUTINE
    assert ana.news[-1].startswith(reply)
    assert paged(town) == []


def test_row_8_a_bare_score_gets_no_text_of_its_own(town: Town) -> None:
    phone = town.phone_of(town.enrol_patient(baseline={"pain": 3}))
    town.settle()
    phone.news  # noqa: B018 - the welcome
    phone.texts("pain 5")
    assert level(town) == ROUTINE
    assert [text for text in phone.news if text.startswith((URGENT, SOFT))] == []


def test_row_8_two_prompts_unanswered_are_routine(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient, ended_at=A_TUESDAY - timedelta(days=30))
    town.treat(patient)
    town.wait_until((A_TUESDAY + timedelta(days=4)).replace(hour=21), step=timedelta(hours=6))
    assert level(town) == ROUTINE


def test_row_8_climbs_every_day(any_town: Town) -> None:
    town = any_town
    town.phone_of(town.enrol_patient()).texts("a bit of nausea today")
    climbs(town, ROUTINE)


# L4 is nothing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["7 3", "N", "thanks so much"])
def test_row_9_an_answer_within_bounds_is_no_case(town: Town, ana: Phone, words: str) -> None:
    with town.inside():
        patient = db.session.scalars(select(Patient)).one()
    town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=20))
    town.wait(step=timedelta(minutes=40), minutes=40)
    ana.texts("7 3")
    if words != "7 3":
        ana.texts(words)
    assert town.cases() == []


# Opting out, help, strangers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("STOP", "You have successfully been unsubscribed."),  # the carrier's own; ours would not get through
        ("no more texts please", "You will get no more check-ins"),
    ],
)
def test_row_10_an_opt_out_is_done_and_is_no_case(town: Town, ana: Phone, words: str, reply: str) -> None:
    ana.texts(words)
    assert town.cases() == []
    assert reply in ana.news[-1]


@pytest.mark.parametrize("how", ["END", "QUIT", "low mood", "suicidal thoughts at baseline", "hold"])
def test_row_10_an_opt_out_with_risk_is_urgent(town: Town, how: str) -> None:
    patient = town.enrol_patient(baseline={}, flags=["si_baseline"] if how.startswith("suicidal") else [])
    phone = town.phone_of(patient)
    if how == "low mood":
        phone.texts("mood 3")
    if how == "hold":
        phone.texts("I don't want to be here anymore")
    phone.texts(how if how.isupper() else "STOP")
    with town.inside():
        assert "opt-out-risk" in set(db.session.scalars(select(ConcernRow.rule)))
        assert db.session.get_one(Patient, (patient.clinic_id, patient.id)).opted_out_at is not None
    assert level(town) >= LESS


def test_row_10_an_opt_out_beside_suicidal_words_is_stat(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    phone = town.phone_of(patient).texts("stop texting me, I want to die")
    assert level(town) == STAT
    assert phone.news[-1].startswith(CRISIS)
    with town.inside():
        assert db.session.get_one(Patient, (patient.clinic_id, patient.id)).opted_out_at is not None


def test_row_11_help_alone_is_routine_and_help_with_more_is_asap(town: Town, ana: Phone) -> None:
    ana.texts("HELP")
    assert level(town) == ROUTINE
    ana.texts("please help me")
    assert level(town) == ASAP
    assert ana.news[-1].startswith(CRISIS)


def test_row_12_an_unknown_number_is_urgent_and_gets_the_generic_text(town: Town) -> None:
    stranger = town.phone("+15555550188").texts("hello there")
    assert level(town) == LESS
    assert stranger.news[-1].startswith("This is an automated line")


def test_row_12_suicidal_words_from_an_unknown_number_are_stat(any_town: Town) -> None:
    town = any_town
    stranger = town.phone("+15555550188").texts("I want to die")
    assert level(town) == STAT
    assert stranger.news[-1].startswith(CRISIS)


def test_row_13_a_crisis_text_that_did_not_arrive_is_stat_and_the_page_says_phone_them(town: Town, ana: Phone) -> None:
    town.handsets.post("/faults", json={"handsets_off": [ana.number]})
    ana.texts("I don't want to be here anymore")
    assert level(town) == STAT
    pages = town.phone_of(town.noor).received + town.phone_of(town.vera).received
    assert any("did NOT reach the patient. Phone them." in page for page in pages)


# In a hold, whoever has the case hears of every text -----------------------------------------------------------------


def take(town: Town) -> Phone:
    """Noor takes the open case."""
    noor = town.phone_of(town.noor).texts("ACK 1")
    noor.news  # noqa: B018 - read up to here
    return noor


def test_whoever_holds_the_case_hears_of_every_further_text_bundled_by_five_minutes(any_town: Town) -> None:
    town = any_town
    ana = town.phone_of(town.enrol_patient()).texts("I don't want to be here anymore")
    noor = take(town)
    ana.texts("are you there")
    assert ["case 1: a new text came." in page for page in noor.news] == [True]
    town.wait(minutes=1)
    ana.texts("hello").texts("anybody")
    assert noor.news == []
    town.wait(step=timedelta(minutes=1), minutes=4)
    assert len(noor.news) == 1  # one page for both
    town.wait(step=timedelta(minutes=5), minutes=20)
    assert noor.news == []


def test_what_is_asap_is_told_at_once_and_what_raises_pages_afresh(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient()).texts("I don't want to be here anymore")
    noor = take(town)
    for _ in range(2):
        ana.texts("I don't want to be here anymore")
        assert len(noor.news) == 1
    ana.texts("I am going to kill myself tonight")
    assert ["STAT case 1. Reply ACK 1" in page for page in noor.news] == [True]
    [case] = town.cases()
    assert case.acknowledged_by is None
    with town.inside():
        assert set(db.session.scalars(select(OutboundMessage.text_name).where(OutboundMessage.kind == "page"))) == {
            "page", "page_text"
        }  # fmt: skip


def test_outside_a_hold_a_routine_text_pages_nobody_who_has_the_case(town: Town, ana: Phone) -> None:
    ana.texts("the IV site is red and swollen")
    noor = take(town)
    ana.texts("a bit of nausea too")
    town.wait(step=timedelta(minutes=5), minutes=15)
    assert noor.news == []
