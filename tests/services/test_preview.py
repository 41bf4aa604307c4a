"""A preview counts what the rules would have made of the clinic's own past: exactly what they did make of it."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from backend.domain.concerns import Priority
from backend.domain.replay import Load, load_under
from backend.services.clinic import preview, protocols
from backend.services.invalid import Invalid
from backend.services.patients import treatments
from backend.services.patients.questionnaires import NewQuestionnaire, record_questionnaire
from backend.services.patients.standing import set_standing
from backend.store.check_ins import Score
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.patients import Patient
from backend.store.work import add_rows, transaction
from tests.town import A_TUESDAY, Town

REPLAYED = (
    "mood-floor", "mood-low", "mood-fall", "mood-fall-from-best", "mood-slip", "mood-gain-lost", "mood-jump",
    "pain-worst", "pain-rise", "pain-rise-severe", "silence", "phq2", "phq2-rise", "phq9-rise", "phq9-item-9",
)  # fmt: skip


def day(number: float) -> datetime:
    return A_TUESDAY + timedelta(days=number)


def clinic_of(town: Town) -> Clinic:
    return db.session.get_one(Clinic, town.clinic.id)


def stored(clinic: Clinic, since: datetime) -> Counter[str]:
    """The concerns of the replayed rules that cases hold."""
    mine = select(ConcernRow.rule).where(ConcernRow.clinic_id == clinic.id, ConcernRow.at >= since)
    return Counter(rule for rule in db.session.scalars(mine) if rule in REPLAYED)


def in_force(town: Town, overrides: dict[str, Any] | None = None) -> preview.Preview:
    with town.inside():
        return preview.preview(clinic_of(town), overrides or {}, town.house)


def a_month(town: Town) -> None:
    """One falls, one corrects herself, one rises, one hurts, one is at another clinic; four say nothing: one of them is
    paused, one said STOP and one had a crisis.
    """
    elsewhere = town.enrol_patient("+15555550130", town.other_clinic)
    high = town.enrol_patient("+15555550131", flags=("bipolar",))
    others = [town.enrol_patient(f"+1555555012{place}") for place in range(7)]
    falls, corrects, hurts, paused, stops, crisis, _silent = others
    for patient in (elsewhere, high, *others):
        town.treat(patient, baseline={"mood": 5, "pain": 5})
    said: dict[float, dict[Patient, tuple[str, ...]]] = {
        1.1: {falls: ("8 5",), corrects: ("mood 1 pain 3", "sorry, mood 6"), high: ("mood 4 pain 4",),
              hurts: ("mood 6 pain 10",), elsewhere: ("0 10",)},
        3.1: {falls: ("5 5",), corrects: ("mood 3 pain 7",), high: ("mood 9 pain 4",), hurts: ("6 7",)},
        5.0: {crisis: ("I want to die",)},
        7.1: {stops: ("STOP",), falls: ("3 5",),
              corrects: ("mood 3 pain 7",), hurts: ("pain 8", "mood 2"), elsewhere: ("1 9",)},
        9.0: {hurts: ("I'd say mood 0 and pain 9",)},
        14.1: {falls: ("4 6",), hurts: ("6 8",)},
    }  # fmt: skip
    for at, texts in sorted(said.items(), key=lambda each: each[0]):
        town.wait_until(day(at), step=timedelta(hours=12))
        for patient, bodies in texts.items():
            for body in bodies:
                town.phone_of(patient).texts(body)
        if at == 7.1:
            town.treat(hurts, baseline={"mood": 8, "pain": 4})
            recorded = town.treat(corrects, baseline={"mood": 7, "pain": 4})
            with town.inside():
                set_standing((paused.clinic_id, paused.id), "pause", "test", town.house)
                for kind, total, item_9 in (("phq2", 1, None), ("phq9", 9, 0), ("phq2", 4, None), ("phq9", 14, 1)):
                    taken = NewQuestionnaire(kind, total, town.clock.now(), item_9)
                    record_questionnaire(falls, taken, "test", town.house)
                key = (corrects.clinic_id, recorded.treatment.id)
                treatments.correct_treatment(key, {"baseline": {"mood": 6, "pain": 4}}, "test", town.house)
    with town.inside():
        set_standing((paused.clinic_id, paused.id), "resume", "test", town.house)
    town.wait_until(day(23), step=timedelta(hours=12))


def test_the_protocol_in_force_is_replayed_exactly(any_town: Town) -> None:
    town = any_town
    a_month(town)
    found = in_force(town)
    with town.inside():
        really = stored(clinic_of(town), A_TUESDAY)
    assert found.in_force.by_rule == really
    assert {
        "silence",
        "mood-floor",
        "mood-fall",
        "pain-worst",
        "pain-rise",
        "mood-jump",
        "phq9-rise",
        "phq2",
    } <= really.keys()
    assert found.in_force == found.proposed
    assert found.in_force.alerts == sum(found.in_force.by_priority.values())


def test_a_more_careful_protocol_would_have_raised_more_and_says_what_it_cannot_know(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait_until(day(1.1), step=timedelta(hours=12))
    town.phone_of(patient).texts("mood 4 pain 5")
    found = in_force(town, {"thresholds": {"mood_low": 4}, "check_ins": {"day_3": 2}})
    assert (found.in_force.alerts, found.proposed.alerts) == (0, 1)
    assert found.proposed.by_rule == {"mood-low": 1}
    assert found.sentence == "On your last 7 days this would have raised 1.0 alerts a week instead of 0.0."
    assert preview.OTHERWISE_ASKED in found.cannot_know
    assert preview.OTHERWISE_ASKED not in in_force(town, {"thresholds": {"mood_low": 4}}).cannot_know
    with town.inside():
        assert protocols.history(clinic_of(town)) == []


def test_a_raise_weighs_in_the_preview(town: Town) -> None:
    patient = town.enrol_patient(flags=("alcohol",))
    town.treat(patient)
    town.wait_until(day(1.1), step=timedelta(hours=12))
    town.phone_of(patient).texts("mood 3 pain 5")
    found = in_force(town, {"raises": {"low_mood": {"alcohol": "stat"}}})
    assert [p.label for p in found.in_force.by_priority] == ["urgent"]
    assert [p.label for p in found.proposed.by_priority] == ["stat"]


def test_an_unsafe_change_has_no_preview(town: Town) -> None:
    with pytest.raises(Invalid) as refused:
        in_force(town, {"thresholds": {"mood_low": 1}, "caps": {}})
    assert refused.value.faults.keys() == {"thresholds.mood_low", "caps"}


def test_only_the_last_ninety_days_count_but_what_was_known_before_is_known(town: Town) -> None:
    patient = town.enrol_patient(baseline={})
    with town.inside():
        with transaction():
            add_rows(Score, [score(patient, -20, 9), score(patient, -91, 0), score(patient, -12, 4)])
        since = town.clock.now() - timedelta(days=90)
        moments = preview.moments_of(clinic_of(town), since, town.house.clinical.protocol, town.clock.now())
        assert [moment.history.best_mood for moment in moments] == [None, 9]
        assert [moment.history.last_mood for moment in moments] == [0, 9]
        assert load_under(town.house.clinical.protocol, moments) == Load(
            1, {Priority.URGENT: 1}, {"mood-fall-from-best": 1}
        )


def score(patient: Patient, days: int, value: int) -> dict[str, Any]:
    return {"clinic_id": patient.clinic_id, "patient_id": patient.id, "check_in_id": None, "inbound_id": uuid7(),
            "measure": "mood", "value": value, "at": day(days)}  # fmt: skip
