"""Ana's answers land on the check-in that asked, late, early, twice or in the wrong order, and nothing is guessed."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations, product
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any

import pytest
from sqlalchemy import select

from backend.domain.concerns import Concern
from backend.services.texting import inbox
from backend.services.texting.inbox import Kept
from backend.store.check_ins import CheckIn, FormerScore, Score
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.patients import Patient
from backend.store.texts import InboundMessage, OutboundMessage
from tests.journeys.carrier import inbound_parameters
from tests.town import A_TUESDAY, PUBLIC_URL, Phone, Town

NOW_TO_STAFF = "Thank you. We are passing this to our team"
THANKS = "Thank you, we have your answers."
DID_YOU_MEAN = "Thanks. Did you mean {} for mood (0 worst, 10 best)? Please reply with one number, 0 to 10."


def day(number: int, hour: int = 10, minute: int = 1) -> datetime:
    return (A_TUESDAY + timedelta(days=number)).replace(hour=hour, minute=minute)


def asked(town: Town, check_in: int = 7, **known: Any) -> Phone:
    """Ana, who has just got the check-in so many days after her treatment: mood and pain, before day 7 side effects."""
    patient = town.enrol_patient(**known)
    town.treat(patient, ended_at=A_TUESDAY - timedelta(days=check_in))
    town.wait_until(day(0), step=timedelta(minutes=10))
    phone = town.phone_of(patient)
    assert any("0 to 10" in text or "0 a 10" in text for text in phone.news)
    return phone


def answered(town: Town) -> dict[str, dict[str, int]]:
    """The scores of each check-in, those of none under `unsolicited`."""
    found: dict[str, dict[str, int]] = {}
    with town.inside():
        names = {row.id: row.name for row in db.session.execute(select(CheckIn.id, CheckIn.name))}
        for score in db.session.scalars(select(Score).order_by(Score.at)):
            name = names[score.check_in_id] if score.check_in_id else "unsolicited"
            assert score.measure not in found.setdefault(name, {}), "two scores where there may be one"
            found[name][score.measure] = score.value
    return found


def former(town: Town) -> list[tuple[str, int, str]]:
    with town.inside():
        return [(row.measure, row.value, row.because) for row in db.session.scalars(select(FormerScore))]


def state_of(town: Town, name: str) -> str:
    with town.inside():
        return db.session.scalars(select(CheckIn).where(CheckIn.name == name)).one().state


def concerns(town: Town) -> list[tuple[str, int]]:
    with town.inside():
        rows = db.session.scalars(select(ConcernRow).order_by(ConcernRow.at, ConcernRow.id))
        return [(row.name, row.priority) for row in rows]


def kept(town: Town, ana: Phone, body: str, **changed: str) -> Kept:
    """A text of Ana's that is kept, and whose request died before it was understood."""
    with town.inside():
        return inbox.receive(inbound_parameters(From=ana.number, Body=body, **changed), town.house)


def understood(town: Town, *texts: Kept) -> None:
    with town.inside():
        for text in texts:
            inbox.understand(text, town.house, by="rest")
    town.settle()


def webhook_is_lost(town: Town, *, lost: bool = True) -> None:
    path = "nobody/here" if lost else "twilio/inbound"
    town.handsets.post("/numbers", json={"number": town.clinic.number, "sms_url": f"{PUBLIC_URL}/{path}"})


# Two texts, one check-in ---------------------------------------------------------------------------------------------


def test_two_texts_a_minute_apart_complete_one_check_in(any_town: Town) -> None:
    town = any_town
    ana = asked(town).texts("7")
    town.wait(minutes=1)
    assert THANKS in ana.texts("3").news[-1]
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}
    assert state_of(town, "day_7") == "answered"
    assert town.cases() == []


def test_two_texts_of_the_same_second_complete_one_check_in(town: Town) -> None:
    ana = asked(town)
    second = {inbox.SENT_AT: town.clock.now().replace(microsecond=0).isoformat()}
    texts = [kept(town, ana, body, **second) for body in ("7", "3")]
    assert texts[0].received_at == texts[1].received_at
    understood(town, *texts)
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}


@pytest.mark.parametrize(("first", "second"), [("mood 7", "3"), ("pain 3", "7"), ("7", "pain 3")])
def test_a_bare_number_answers_what_the_check_in_still_awaits(town: Town, first: str, second: str) -> None:
    asked(town).texts(first).texts(second)
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}
    assert town.cases() == []


def test_the_same_number_is_wanted_again_at_the_next_check_in_and_for_the_other_measure(town: Town) -> None:
    """PEERS 27: a duplicate guard blocks wanted repeats. Only the same MessageSid is the same text."""
    ana = asked(town).texts("5").texts("5")
    town.wait_until(day(7), step=timedelta(hours=12))
    ana.texts("5").texts("5")
    assert answered(town) == {"day_7": {"mood": 5, "pain": 5}, "day_14": {"mood": 5, "pain": 5}}
    assert town.cases() == []


def test_texts_of_one_patient_at_the_same_moment_answer_one_question_each(any_town: Town) -> None:
    """Two webhooks at once, each reading before the other has written: neither may take the other's question."""
    town = any_town
    ana = asked(town)
    texts = [kept(town, ana, body) for body in ("7", "3")]
    together, screen = Barrier(2), town.house.clinical.screen

    def meet_and_screen(words: str, **known: Any) -> Sequence[Concern]:
        with suppress(BrokenBarrierError):  # alone on SQLite, which lets only one in at a time
            together.wait(0.4)
        return screen(words, **known)

    house = replace(town.house, clinical=replace(town.house.clinical, screen=meet_and_screen))

    def understand(text: Kept) -> None:
        with town.app.app_context():
            inbox.understand(text, house, by="rest")

    threads = [Thread(target=understand, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    town.settle()
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}


# One number too many, and corrections --------------------------------------------------------------------------------


def test_a_third_number_changes_nothing_and_a_person_sees_it(town: Town) -> None:
    ana = asked(town).texts("7").texts("3")
    assert NOW_TO_STAFF in ana.texts("5").news[-1]
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}
    assert concerns(town) == [("extra_number", 1)]


def test_a_third_number_is_no_answer_about_side_effects(town: Town) -> None:
    asked(town, 1).texts("7").texts("3").texts("5")
    assert answered(town) == {"day_1": {"mood": 7, "pain": 3}}
    assert concerns(town) == [("extra_number", 1)]
    assert state_of(town, "day_1") == "prompted"


def test_a_score_that_is_named_again_is_kept_beside_the_answer_and_seen(town: Town) -> None:
    asked(town).texts("7").texts("3").texts("mood 6")
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}, "unsolicited": {"mood": 6}}
    assert concerns(town) == [("extra_number", 1)]


@pytest.mark.parametrize(
    "words", ["sorry 5", "I meant 5", "no wait, 5", "*5", "5*", "oops, I meant pain 5", "perdon, 5", "quise decir 5"]
)
def test_a_plain_correction_replaces_the_score_given_last(town: Town, words: str) -> None:
    ana = asked(town).texts("7").texts("3")
    assert THANKS in ana.texts(words).news[-1]
    assert answered(town) == {"day_7": {"mood": 7, "pain": 5}}
    assert former(town) == [("pain", 3, "corrected")]
    assert town.cases() == []


def test_a_correction_may_come_before_the_next_answer(town: Town) -> None:
    ana = asked(town).texts("7")
    assert "How bad is your pain" in ana.texts("I meant 6").news[-1]
    ana.texts("3")
    assert answered(town) == {"day_7": {"mood": 6, "pain": 3}}
    assert former(town) == [("mood", 7, "corrected")]


def test_sorry_may_be_a_correction_or_an_apology_so_it_is_asked(town: Town) -> None:
    ana = asked(town).texts("7")
    assert "Did you mean 5 for pain" in ana.texts("sorry, 5").news[-1]
    assert answered(town) == {"day_7": {"mood": 7}}
    ana.texts("yes")
    assert answered(town) == {"day_7": {"mood": 7, "pain": 5}}


def test_a_correction_for_the_worse_is_seen_as_any_low_score(town: Town) -> None:
    asked(town).texts("7").texts("3").texts("sorry, I meant mood 1")
    assert answered(town) == {"day_7": {"mood": 1, "pain": 3}}
    assert ("low_mood", 3) in concerns(town)


# Late, early and for the right one -----------------------------------------------------------------------------------


def test_a_late_answer_belongs_to_its_check_in_and_ends_the_silence(town: Town) -> None:
    ana = asked(town)
    town.wait_until(day(1, 21), step=timedelta(hours=12))
    assert state_of(town, "day_7") == "missed"
    assert THANKS in ana.texts("6 4").news[-1]
    assert answered(town) == {"day_7": {"mood": 6, "pain": 4}}
    assert state_of(town, "day_7") == "answered"
    town.wait_until(day(8, 21), step=timedelta(hours=12))
    assert state_of(town, "day_14") == "missed"
    assert "silence" not in dict(concerns(town))  # one answered late, one missed: no two running


def test_a_very_late_number_answers_nothing_and_a_person_sees_it(town: Town) -> None:
    """PEERS 25: a reply lands elsewhere than the text it answers."""
    ana = asked(town, 28)
    town.wait_until(day(8), step=timedelta(days=1))
    ana.texts("6")
    assert answered(town) == {}
    assert ("free_text", 1) in concerns(town)


def test_a_text_from_before_the_new_prompt_left_answers_the_one_before(town: Town) -> None:
    """PEERS 20: answers to one survey are processed by another when several are live."""
    ana = asked(town, 1).texts("7")
    town.handsets.post("/faults", json={"next": [{"do": "429", "times": 3}]})
    town.clock.advance(day(2, 10, 0) - town.clock.now())
    town.tick()  # the prompt of day 3 is due, and the carrier does not take it
    assert state_of(town, "day_3") == "prompted"
    assert not any("How is your mood today?" in text for text in ana.news)
    understood(town, kept(town, ana, "3"))
    assert answered(town) == {"day_1": {"mood": 7, "pain": 3}}
    town.wait(minutes=20)
    ana.texts("8 2")
    assert answered(town)["day_3"] == {"mood": 8, "pain": 2}


def test_a_text_that_is_fetched_later_is_read_as_of_when_it_was_sent(town: Town) -> None:
    """PEERS 19: replies later than newer ones. The webhook of "3" never came, and "N" was understood before it."""
    ana = asked(town)
    sent_at = town.clock.now()
    town.clock.advance(timedelta(minutes=5))
    ana.texts("3")
    late = kept(town, ana, "7", **{inbox.SENT_AT: sent_at.isoformat()})
    assert late.received_at == sent_at
    understood(town, late)
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}


def test_what_the_carriers_list_still_has_answers_the_check_in_of_its_day(any_town: Town) -> None:
    """The same by the carrier's own list: the line was down for Ana's answer, and the next prompt went out since."""
    town = any_town
    ana = asked(town, 1)
    webhook_is_lost(town)
    town.handsets.post(f"/handsets/{ana.number}/texts", json={"body": "7 3", "to": ana.clinic_number})
    webhook_is_lost(town, lost=False)
    town.clock.advance(timedelta(hours=3))
    town.settle()
    with town.inside():
        [text] = db.session.scalars(select(InboundMessage))
    assert town.clock.now() - text.received_at >= timedelta(hours=3)
    assert answered(town) == {"day_1": {"mood": 7, "pain": 3}}


def test_a_number_with_nothing_asked_reaches_a_person(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient())
    assert any(NOW_TO_STAFF in text for text in ana.texts("7").news)
    assert answered(town) == {}
    assert concerns(town) == [("free_text", 1)]


def test_a_named_score_with_nothing_asked_is_kept_as_unsolicited(town: Town) -> None:
    ana = asked(town).texts("7 3")
    town.wait(step=timedelta(hours=12), days=3)
    ana.texts("mood 4")
    assert answered(town)["unsolicited"] == {"mood": 4}
    assert answered(town)["day_7"] == {"mood": 7, "pain": 3}


# In the order they were sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_two_texts_in_the_wrong_order_land_right(any_town: Town, order: tuple[int, ...]) -> None:
    """PEERS 18: two texts arrive in the wrong order."""
    town = any_town
    ana = asked(town)
    first = kept(town, ana, "7")
    town.clock.advance(timedelta(seconds=5))
    texts = [first, kept(town, ana, "3")]
    understood(town, *(texts[place] for place in order))
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}
    assert state_of(town, "day_7") == "answered"


def test_what_was_thought_before_the_earlier_text_came_is_kept_and_told(town: Town) -> None:
    ana = asked(town)
    first = kept(town, ana, "7")
    town.clock.advance(timedelta(seconds=5))
    understood(town, kept(town, ana, "2"), first)
    assert answered(town) == {"day_7": {"mood": 7, "pain": 2}}
    assert former(town) == [("mood", 2, "reordered")]
    assert sorted(concerns(town)) == [("low_mood", 2), ("mood_fall", 2), ("read_again", 1)]
    assert any(THANKS in text for text in ana.news)


def test_a_score_that_turns_out_worrying_in_the_right_order_is_seen(town: Town) -> None:
    ana = asked(town)
    first = kept(town, ana, "8")
    town.clock.advance(timedelta(seconds=5))
    understood(town, kept(town, ana, "10"))
    assert town.cases() == []  # taken for a mood of 10
    understood(town, first)
    assert answered(town) == {"day_7": {"mood": 8, "pain": 10}}
    assert ("worst_pain", 2) in concerns(town)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_three_texts_in_any_order_give_the_same_scores(town: Town, order: tuple[int, ...]) -> None:
    ana = asked(town)
    texts = []
    for body in ("7", "3", "I meant 4"):
        texts.append(kept(town, ana, body))
        town.clock.advance(timedelta(seconds=5))
    understood(town, *(texts[place] for place in order))
    assert answered(town) == {"day_7": {"mood": 7, "pain": 4}}


NUMERIC = ("7", "3", "mood 4", "pain 9", "8 2", "6-7", "I meant 5", "sorry, 2")


def test_whatever_the_order_in_which_two_texts_are_understood_the_scores_are_the_same(town: Town) -> None:
    """Every pair of numeric texts, sent a minute apart by two patients: the one's are understood in that order, the
    other's the other way round.
    """
    pairs = [(one, other, turned) for one, other in product(NUMERIC, repeat=2) for turned in (False, True)]
    patients = [town.enrol_patient(f"+1555557{number:04}") for number in range(len(pairs))]
    for patient in patients:
        town.treat(patient, ended_at=A_TUESDAY - timedelta(days=7))
    town.wait_until(day(0), step=timedelta(minutes=10))
    first_at, second_at = (town.clock.now() + timedelta(minutes=after) for after in (0, 1))
    town.clock.advance(timedelta(minutes=2))
    for patient, (one, other, turned) in zip(patients, pairs, strict=True):
        ana = town.phone_of(patient)
        texts = [
            kept(town, ana, body, **{inbox.SENT_AT: at.isoformat()})
            for body, at in ((one, first_at), (other, second_at))
        ]
        with town.inside():
            for text in reversed(texts) if turned else texts:
                inbox.understand(text, town.house, by="rest")
    with town.inside():
        by_patient: dict[Any, set[tuple[str, int, bool]]] = {patient.id: set() for patient in patients}
        for score in db.session.scalars(select(Score)):
            by_patient[score.patient_id].add((score.measure, score.value, score.check_in_id is None))
    town.settle()
    results = [by_patient[patient.id] for patient in patients]
    assert {pairs[at][:2]: (results[at], results[at + 1]) for at in range(0, len(pairs), 2)} == {
        pairs[at][:2]: (results[at], results[at]) for at in range(0, len(pairs), 2)
    }


def test_a_text_left_behind_by_a_crash_is_read_in_its_place(town: Town) -> None:
    ana = asked(town)
    kept(town, ana, "7")
    town.clock.advance(timedelta(seconds=2))
    ana.texts("3")
    town.wait(minutes=1)  # the clock takes up what the dead request left
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}


# Unsure: one friendly question ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("yes", ["yes", "Yes!", "YES", "yeah", "si", "Sí", "correct", "that's right", "ok", "👍", "6"])
def test_an_unsure_reading_is_offered_once_and_a_yes_confirms_it(town: Town, yes: str) -> None:
    ana = asked(town)
    assert ana.texts("6-7").news[-1] == DID_YOU_MEAN.format(6)
    assert answered(town) == {}
    assert "How bad is your pain" in ana.texts(yes).news[-1]
    assert answered(town) == {"day_7": {"mood": 6}}
    ana.texts("3")
    assert answered(town) == {"day_7": {"mood": 6, "pain": 3}}
    assert concerns(town) == [("unsure_score", 1)]


def test_another_number_takes_the_place_of_what_was_offered(town: Town) -> None:
    ana = asked(town).texts("6-7").texts("no, 7")
    assert answered(town) == {"day_7": {"mood": 7}}
    assert "How bad is your pain" in ana.news[-1]


def test_no_ends_the_asking_and_a_person_takes_over(town: Town) -> None:
    ana = asked(town).texts("6-7")
    assert NOW_TO_STAFF in ana.texts("no").news[-1]
    assert answered(town) == {}
    assert concerns(town) == [("unsure_score", 1), ("offer_refused", 1)]
    assert THANKS in ana.texts("pain 3").news[-1]  # and the mood is not asked for again
    assert answered(town) == {"day_7": {"pain": 3}}


def test_after_two_unclear_answers_it_moves_on(town: Town) -> None:
    """PEERS 24: after two bad answers move on, do not trap people. PEERS 26: a bot that talks to a bot must end."""
    ana = asked(town)
    for _ in range(6):
        ana.texts("6-7")
    news = ana.news
    assert news.count(DID_YOU_MEAN.format(6)) == 1
    assert all(NOW_TO_STAFF in text for text in news[1:])
    assert answered(town) == {}
    assert {name for name, _ in concerns(town)} == {"unsure_score"}


def test_only_what_is_unsure_is_asked_again(town: Town) -> None:
    ana = asked(town)
    assert ana.texts("mood 6-7, pain 3").news[-1] == DID_YOU_MEAN.format(6)
    assert THANKS in ana.texts("7").news[-1]
    assert answered(town) == {"day_7": {"mood": 7, "pain": 3}}


def test_a_number_answers_the_question_asked_last(town: Town) -> None:
    ana = asked(town)
    assert "Did you mean 7 for pain" in ana.texts("pain 6-7").news[-1]
    assert "How is your mood" in ana.texts("6").news[-1]
    assert answered(town) == {"day_7": {"pain": 6}}


def test_a_low_reading_that_is_unsure_is_seen_at_once(town: Town) -> None:
    ana = asked(town)
    assert ana.texts("1-2").news[-1] == DID_YOU_MEAN.format(1)
    [case] = town.cases()
    assert case.priority == 3
    assert answered(town) == {}
    assert "If you want support now" in ana.texts("yes").news[-1]
    assert answered(town) == {"day_7": {"mood": 1}}


def test_an_unsure_reading_in_spanish(town: Town) -> None:
    ana = asked(town, language="es")
    assert "¿Quiso decir que se siente en 6" in ana.texts("6 o 7").news[-1]
    assert "dolor" in ana.texts("sí").news[-1]
    assert answered(town) == {"day_7": {"mood": 6}}


@pytest.mark.parametrize(
    ("words", "priority"), [("mood 9, fatal", 3), ("mood 9, horrible", 3), ("mood 2, feeling great", 2)]
)
def test_words_that_contradict_the_number_are_seen_and_asked_about(town: Town, words: str, priority: int) -> None:
    """Mood and pain run opposite ways, so a scale may be read upside down: the worse of both readings is seen."""
    ana = asked(town)
    number = int(words[5])
    assert ana.texts(words).news[-1] == DID_YOU_MEAN.format(number)
    assert answered(town) == {}
    assert dict(concerns(town))["possible_inversion"] == priority
    ana.texts("yes")
    assert answered(town) == {"day_7": {"mood": number}}


def test_words_that_worry_by_themselves_are_answered_before_the_number_is(town: Town) -> None:
    ana = asked(town)
    assert "If you want support now" in ana.texts("mood 9, feeling terrible").news[-1]
    assert answered(town) == {}
    assert dict(concerns(town))["possible_inversion"] == 3


def test_yes_before_the_question_confirms_nothing(town: Town) -> None:
    ana = asked(town)
    early = kept(town, ana, "yes")
    town.clock.advance(timedelta(seconds=5))
    ana.texts("6-7")
    understood(town, early)
    assert answered(town) == {}


def test_yes_from_somebody_opted_out_is_a_wish_for_texts(town: Town) -> None:
    ana = asked(town).texts("6-7").texts("please stop texting me")
    with town.inside():
        assert db.session.scalars(select(Patient.opted_out_at)).one() is not None
    ana.texts("YES")
    with town.inside():
        assert db.session.scalars(select(Patient.opted_out_at)).one() is None
    assert answered(town) == {}


def test_never_a_guess_for_junk_beside_a_number(town: Town) -> None:
    """PEERS 23: "has a number between" accepts junk beside the number."""
    ana = asked(town)
    for words in ("7 kids at home", "route 5", "call me at 7", "$5", "12"):
        ana.texts(words)
    assert answered(town) == {}
    assert len(town.cases()) == 1


def test_every_reply_to_an_unsure_text_is_one_of_the_fixed_ones(town: Town) -> None:
    asked(town).texts("6-7").texts("no").texts("7ish").texts("sorry 5")
    with town.inside():
        names = set(db.session.scalars(select(OutboundMessage.text_name)))
        assert set(db.session.scalars(select(InboundMessage.disposition))) <= {"answered", "escalation"}
    assert names <= {"welcome", "prompt_safety", "prompt_mood", "confirm_mood", "urgent", "page", "ask_pain", "thanks"}
