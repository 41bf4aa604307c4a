"""Every row of the threshold table (CLINICAL.md 9), as a patient's own weeks bring it about."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend.services.patients import standing
from backend.services.patients.questionnaires import NewQuestionnaire, record_questionnaire
from backend.services.patients.response import pain_response
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.patients import Patient
from tests.town import A_TUESDAY, Phone, Town

DAY = timedelta(days=1)
Told = list[tuple[str, int, str]]


def told(town: Town) -> Told:
    """What staff are told: rule, priority and arithmetic, in the order it came."""
    with town.inside():
        rows = db.session.scalars(select(ConcernRow).order_by(ConcernRow.at, ConcernRow.id))
        return [(row.rule, row.priority, row.why) for row in rows]


def treated(town: Town, **known: Any) -> tuple[Patient, Phone]:
    """Ana, a day after her second treatment; her baseline is mood 5, pain 6 unless something else is said."""
    usual: dict[str, Any] = {"baseline": {"mood": 5, "pain": 6}}
    patient = town.enrol_patient(**(usual | known))
    town.treat(patient, ended_at=A_TUESDAY - 30 * DAY)
    town.treat(patient, ended_at=A_TUESDAY - DAY)
    town.settle()
    phone = town.phone_of(patient)
    phone.news  # noqa: B018 - the welcome
    return patient, phone


@pytest.mark.parametrize("mood", [0, 1])
def test_mood_0_or_1_is_asap_with_the_soft_text(town: Town, mood: int) -> None:
    _, phone = treated(town, baseline={})
    phone.texts(f"mood {mood}")
    assert told(town) == [("mood-floor", 3, f"Mood {mood}, at the bottom of the scale.")]
    assert "If you want support now call or text 988 any time." in phone.news[-1]


@pytest.mark.parametrize("mood", [2, 3])
def test_mood_2_or_3_is_urgent_with_the_soft_text(town: Town, mood: int) -> None:
    _, phone = treated(town, baseline={})
    phone.texts(f"mood {mood}")
    assert told(town) == [("mood-low", 2, f"Mood {mood}, in the low range (2-3).")]
    assert "If you want support now call or text 988 any time." in phone.news[-1]


def test_a_fall_of_3_below_baseline_is_urgent_and_says_its_arithmetic(any_town: Town) -> None:
    town = any_town
    _, phone = treated(town, baseline={"mood": 7})
    phone.texts("mood 3")
    assert ("mood-fall", 2, "Mood 3, baseline 7: down 4.") in told(town)


def test_a_fall_of_4_below_the_best_of_14_days_is_urgent(town: Town) -> None:
    _, phone = treated(town, baseline={})
    phone.texts("mood 9")
    town.wait(step=DAY, days=5)
    phone.texts("mood 5")
    assert told(town)[-1] == ("mood-fall-from-best", 2, "Mood 5, best of the last 14 days 9: down 4.")


def test_a_best_of_more_than_14_days_ago_is_forgotten(town: Town) -> None:
    _, phone = treated(town, baseline={})
    phone.texts("mood 9")
    town.wait(step=DAY, days=15)
    before = len(told(town))
    phone.texts("mood 5")
    assert told(town)[before:] == []


def test_a_fall_of_2_on_two_checks_running_is_routine_and_answers_nothing_of_its_own(any_town: Town) -> None:
    town = any_town
    _, phone = treated(town, baseline={"mood": 7})
    town.wait_until(A_TUESDAY.replace(hour=10, minute=1))
    phone.texts("5 3").texts("N")
    assert told(town) == []
    town.wait_until((A_TUESDAY + 2 * DAY).replace(hour=10, minute=1), step=timedelta(hours=12))
    phone.texts("5")
    slip = ("mood-slip", 1, "Mood 5, baseline 7: down 2; the time before, mood 5: down 2.")
    assert told(town) == [slip]
    assert phone.news[-1].startswith("Thanks. How bad is your pain right now?")


def test_a_gain_that_is_lost_says_consider_booking_once_a_treatment(any_town: Town) -> None:
    town = any_town
    patient, phone = treated(town)
    for mood in (8, 5, 4, 8, 5):
        phone.texts(f"mood {mood}")
        town.wait(step=timedelta(hours=2), hours=2)
    lost = "Mood 5, baseline 5: the gain of 3 since the treatment (mood 8) is lost; consider booking."
    assert [row for row in told(town) if row[0] == "mood-gain-lost"] == [("mood-gain-lost", 1, lost)]
    town.treat(patient)
    town.wait(step=timedelta(hours=1), hours=1)
    phone.texts("mood 8").texts("mood 4")
    again = ("mood-gain-lost", 1, lost.replace("Mood 5", "Mood 4"))
    assert [row for row in told(town) if row[0] == "mood-gain-lost"][1:] == [again]


def test_a_sudden_high_is_urgent_with_the_bipolar_flag_and_nothing_without(any_town: Town) -> None:
    town = any_town
    _, phone = treated(town, flags=["bipolar"])
    phone.texts("mood 4").texts("mood 9")
    assert told(town) == [("mood-jump", 2, "Mood 9, before 4: up 5, with the bipolar flag; may be a switch.")]
    other = town.phone_of(town.enrol_patient("+15555550121", given_name="Bo"))
    other.texts("mood 4").texts("mood 9")
    assert len(told(town)) == 1


def test_pain_up_by_2_is_routine_and_by_30_per_cent_too(any_town: Town) -> None:
    town = any_town
    _, phone = treated(town, baseline={"pain": 3})
    phone.texts("pain 4")
    phone.texts("pain 5")
    rises = ["Pain 4, baseline 3: up 1 (33 %).", "Pain 5, baseline 3: up 2 (67 %)."]
    assert told(town) == [("pain-rise", 1, why) for why in rises]


def test_of_a_baseline_of_0_only_the_points_count(town: Town) -> None:
    _, phone = treated(town, baseline={"pain": 0})
    phone.texts("pain 1")
    assert told(town) == []
    phone.texts("pain 2")
    assert told(town) == [("pain-rise", 1, "Pain 2, baseline 0: up 2.")]


def test_pain_that_rose_to_8_is_urgent(town: Town) -> None:
    _, phone = treated(town)
    phone.texts("pain 8")
    assert told(town) == [("pain-rise-severe", 2, "Pain 8, baseline 6: up 2 (33 %).")]
    assert "who will contact you in clinic hours" in phone.news[-1]


def test_pain_10_is_urgent(town: Town) -> None:
    _, phone = treated(town, baseline={})
    phone.texts("pain 10")
    assert told(town) == [("pain-worst", 2, "Pain 10, the worst on the scale.")]


def test_a_new_kind_of_pain_is_urgent(town: Town) -> None:
    _, phone = treated(town, baseline={})
    phone.texts("there is a new kind of pain in my leg")
    assert [(rule, priority) for rule, priority, _ in told(town)] == [("en.pain-new", 2)]


def test_pain_that_has_not_fallen_by_30_per_cent_on_day_21_is_for_reports_only(any_town: Town) -> None:
    town = any_town
    patient, phone = treated(town)
    with town.inside():
        early = pain_response(db.session.get_one(Patient, (patient.clinic_id, patient.id)), town.house)
    town.wait(step=DAY, days=21)
    before = len(told(town))
    phone.texts("pain 5")
    with town.inside():
        late = pain_response(db.session.get_one(Patient, (patient.clinic_id, patient.id)), town.house)
    assert (early and early[1].verdict, late and late[1].verdict) == ("too_early", "no_response")
    assert late is not None
    assert late[1].why == "Pain 5, baseline 6: down 17 %."
    assert told(town)[before:] == []


def entered(town: Town, patient: Patient, kind: str, total: int, item_9: int | None = None) -> int | None:
    with town.inside():
        fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
        new = NewQuestionnaire(kind, total, town.clock.now(), item_9)
        return record_questionnaire(fresh, new, "test", town.house).case


def test_phq_2_of_3_or_up_by_2_is_urgent(any_town: Town) -> None:
    town = any_town
    patient, _ = treated(town)
    assert entered(town, patient, "phq2", 0) is None
    assert entered(town, patient, "phq2", 2) == 1
    assert entered(town, patient, "phq2", 3) == 1
    assert told(town) == [("phq2-rise", 2, "PHQ-2 2, before 0: up 2."), ("phq2", 2, "PHQ-2 3: 3 or more is positive.")]


def test_phq_9_up_by_5_is_urgent_and_item_9_above_0_is_asap(any_town: Town) -> None:
    town = any_town
    patient, phone = treated(town)
    assert entered(town, patient, "phq9", 9, 0) is None
    assert entered(town, patient, "phq9", 14, 0) == 1
    assert entered(town, patient, "phq9", 14, 1) == 1
    assert told(town) == [
        ("phq9-rise", 2, "PHQ-9 14, before 9: up 5."),
        ("phq9-item-9", 3, "PHQ-9 item 9 at 1: thoughts of being better off dead, or of self-harm."),
    ]
    assert phone.news == []  # no text of ours speaks of it


def test_safety_text_answered_2_is_asap_with_the_urgent_text(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient)
    phone = town.phone_of(patient)
    town.wait(step=timedelta(hours=1), hours=4, minutes=1)
    assert "home safe?" in phone.news[-1]
    phone.texts("2")
    assert told(town) == [("safety-no", 3, "Answered 2 (not OK) to the same-day safety question.")]
    assert "who will contact you in clinic hours" in phone.news[-1]


def test_two_answers_that_nobody_can_read_are_routine(town: Town) -> None:
    _, phone = treated(town)
    town.wait_until(A_TUESDAY.replace(hour=10, minute=1))
    phone.texts("purple monkeys").texts("green ones")
    assert [(rule, priority) for rule, priority, _ in told(town)] == [("unread-free_text", 1), ("unread-unreadable", 1)]


# No reply ------------------------------------------------------------------------------------------------------------


def silences(town: Town) -> list[tuple[int, str]]:
    return [(priority, why) for rule, priority, why in told(town) if rule == "silence"]


def test_two_prompts_running_without_a_reply_are_routine(town: Town) -> None:
    treated(town)
    town.wait_until((A_TUESDAY + DAY).replace(hour=21), step=timedelta(hours=6))
    assert silences(town) == []
    town.wait_until((A_TUESDAY + 3 * DAY).replace(hour=21), step=timedelta(hours=6))
    assert silences(town) == [(1, "2 check-ins running without an answer.")]


def test_any_text_at_all_ends_a_silence(town: Town) -> None:
    _, phone = treated(town)
    for days in (1, 3):
        town.wait_until((A_TUESDAY + days * DAY).replace(hour=9), step=timedelta(hours=6))
        phone.texts("I am busy this week, sorry")
    town.wait_until((A_TUESDAY + 4 * DAY).replace(hour=21), step=timedelta(hours=6))
    assert silences(town) == []


def test_one_is_urgent_soon_after_a_treatment_when_the_last_mood_was_low(any_town: Town) -> None:
    town = any_town
    _, phone = treated(town)
    phone.texts("mood 3")
    town.wait_until((A_TUESDAY + DAY).replace(hour=21), step=timedelta(hours=6))
    [(priority, why)] = silences(town)
    assert priority == 2
    assert why.endswith("hours after a treatment, from a patient whose last mood was low.")


def test_one_of_the_day_after_is_urgent_when_the_baseline_had_suicidal_thoughts(town: Town) -> None:
    treated(town, flags=["si_baseline"])
    town.wait_until((A_TUESDAY + DAY).replace(hour=21), step=timedelta(hours=6))
    [(priority, why)] = silences(town)
    assert priority == 2
    assert "whose baseline had suicidal thoughts" in why


def test_one_is_enough_within_30_days_of_a_hold(town: Town) -> None:
    patient, phone = treated(town)
    phone.texts("I don't want to be here anymore")
    with town.inside():
        standing.set_standing((patient.clinic_id, patient.id), "resume", "test", town.house, clinician=town.vera)
    town.wait_until((A_TUESDAY + DAY).replace(hour=21), step=timedelta(hours=6))
    [(priority, why)] = silences(town)
    assert priority == 2
    assert "who was on hold in the last 30 days" in why


def test_a_missed_safety_text_after_a_first_treatment_is_urgent(town: Town) -> None:
    town.treat(town.enrol_patient(), setting="home")
    town.wait_until((A_TUESDAY + DAY).replace(hour=21), step=timedelta(hours=6))
    [(priority, why)] = silences(town)
    assert priority == 2
    assert why.endswith("hours after a treatment (the first, at home).")


def test_a_prompt_that_never_arrived_is_no_silence(town: Town) -> None:
    patient, _ = treated(town, flags=["si_baseline"])
    town.handsets.post("/faults", json={"handsets_off": [patient.phone]})
    town.wait_until((A_TUESDAY + DAY).replace(hour=21), step=timedelta(hours=6))
    assert silences(town) == []
    assert {rule for rule, _, _ in told(town)} == {"text-lost"}


def test_a_hold_is_no_silence_of_the_patients(town: Town) -> None:
    _, phone = treated(town)
    town.wait_until(A_TUESDAY.replace(hour=10, minute=1))
    phone.texts("I don't want to be here anymore")
    town.wait_until((A_TUESDAY + 5 * DAY).replace(hour=21), step=timedelta(hours=12))
    assert silences(town) == []
