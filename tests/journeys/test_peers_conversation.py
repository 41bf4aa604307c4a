"""What went wrong in the conversations of others (PEERS.md 2), and does not here. Each story has its number."""

from datetime import datetime, timedelta

from sqlalchemy import select

from backend.store.check_ins import CheckIn, Score
from backend.store.database import db
from backend.store.escalations import ConcernRow
from tests.journeys.weeks import live_until
from tests.town import A_TUESDAY, Phone, Town


def day(number: int, hour: int, minute: int = 0) -> datetime:
    """That local time so many days after the treatment of every story."""
    return (A_TUESDAY + timedelta(days=number)).replace(hour=hour, minute=minute)


def ana_treated(town: Town) -> Phone:
    """Ana, whose first treatment has just ended: she is asked today at half past one, and then day by day."""
    patient = town.enrol_patient()
    town.settle()
    town.treat(patient)
    phone = town.phone_of(patient)
    assert phone.news
    return phone


def scores(town: Town) -> dict[str, dict[str, int]]:
    """By the name of the check-in that they answer."""
    with town.inside():
        rows = db.session.execute(
            select(CheckIn.name, Score.measure, Score.value).outerjoin(CheckIn, CheckIn.id == Score.check_in_id)
        )
        found: dict[str, dict[str, int]] = {}
        for name, measure, value in rows:
            found.setdefault(name or "unsolicited", {})[measure] = value
        return found


def states(town: Town) -> dict[str, str]:
    with town.inside():
        return {row.name: row.state for row in db.session.scalars(select(CheckIn)) if row.state != "planned"}


def concerns(town: Town) -> list[str]:
    with town.inside():
        return list(db.session.scalars(select(ConcernRow.name).order_by(ConcernRow.id)))


def test_peers_20_with_two_check_ins_open_each_answer_goes_to_its_own(any_town: Town) -> None:
    """Yesterday's safety question is still open when day 1 is asked: numbers answer day 1, and not "home safe?"."""
    town = any_town
    ana = ana_treated(town)
    live_until(town, day(1, 10, 1))
    assert states(town) == {"same_day": "prompted", "day_1": "prompted"}
    ana.texts("1 2")
    assert scores(town) == {"day_1": {"mood": 1, "pain": 2}}
    with town.inside():
        [same_day] = db.session.scalars(select(CheckIn).where(CheckIn.name == "same_day"))
        assert same_day.safe is None
    ana.texts("N")
    assert states(town) == {"same_day": "prompted", "day_1": "answered"}


def test_peers_21_a_check_in_is_open_until_tomorrow_evening_and_its_answer_counts_for_a_week(any_town: Town) -> None:
    """Neither so short that people are cut off nor so long that one check-in swallows the answers to the next."""
    town = any_town
    ana = ana_treated(town)
    live_until(town, day(8, 19, 59))
    assert states(town)["day_7"] == "prompted"
    live_until(town, day(8, 20))
    assert states(town)["day_7"] == "missed"
    live_until(town, day(13, 12))
    ana.texts("6 4")
    assert scores(town) == {"day_7": {"mood": 6, "pain": 4}}
    live_until(town, day(14, 10, 1))
    ana.texts("8 2")
    assert scores(town)["day_14"] == {"mood": 8, "pain": 2}
    live_until(town, day(35, 12))  # day 28 was asked a week and more ago
    ana.texts("5")
    assert scores(town).keys() == {"day_7", "day_14"}
    assert "free_text" in concerns(town)


def test_peers_22_one_reply_may_answer_everything_that_the_check_in_asks(any_town: Town) -> None:
    town = any_town
    ana = ana_treated(town)
    live_until(town, day(1, 10, 1))
    answer = ana.texts("mood 7, pain's a 3, no side effects").news[-1]
    assert "Thank you" in answer
    assert scores(town) == {"day_1": {"mood": 7, "pain": 3}}
    assert states(town)["day_1"] == "answered"
    assert town.cases() == []


def test_peers_24_two_answers_that_nobody_can_read_end_in_a_person_and_trap_nobody(any_town: Town) -> None:
    """Thanks, a person, and no third question. A real answer still counts, and the next check-in is asked as ever."""
    town = any_town
    ana = ana_treated(town)
    live_until(town, day(1, 10, 1))
    patient_words = ("purple monday bicycle", "the window over there", "zebra crossing")
    ana.read = len(ana.received)
    replies = [ana.texts(words).news for words in patient_words]
    assert [len(reply) for reply in replies] == [1, 1, 0]
    [case] = town.cases()
    assert case.state == "open"
    assert scores(town) == {}
    ana.texts("7 3").texts("N")
    assert states(town)["day_1"] == "answered"
    live_until(town, day(3, 10, 1))
    assert "How is your mood today?" in ana.news[-1]
    assert {name for name, state in states(town).items() if state == "prompted"} == {"day_3"}
