"""A clinic's own protocol: only ever more careful than the signed one, inside lawful hours, in order, whole."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.concerns import Concern, Priority
from backend.domain.history import History, Treated
from backend.domain.overrides import (
    EARLIEST,
    LATEST,
    UnsafeOverridesError,
    differences,
    faults_of_bounds,
    fitted,
    with_overrides,
)
from backend.domain.protocol import FLAGS, ROUTES, SETTINGS, ClinicMay, Protocol
from backend.domain.questionnaires import KINDS, Totals, of_questionnaire
from backend.domain.rules import Missed, of_scores, silence, weighed
from backend.domain.schedule import TOO_MANY, TreatmentFacts, Whose, check_in_times, is_open
from backend.domain.scores import Measure, Nrs
from tests.town import A_TUESDAY, signed_files

SIGNED = signed_files().protocol
MAY = SIGNED.clinic_may
NEW_YORK = ZoneInfo("America/New_York")


# Overrides that somebody may have -------------------------------------------------------------------------------------


def some(of: dict[str, tuple[int, int]]) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({}, optional={n: st.integers(min(span), max(span)) for n, span in of.items()})


CLOCK = st.integers(8 * 4, 21 * 4).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
LABELS = st.sampled_from(["routine", "urgent", "asap", "stat"])
CONDITIONS = st.dictionaries(st.sampled_from((*FLAGS, *SETTINGS)), LABELS, min_size=1, max_size=3)
CONCERNS = ("mania", "low_mood", "mood_fall", "pain_rise", "silence")
OVERRIDES = st.fixed_dictionaries(
    {},
    optional={
        "window": st.dictionaries(st.sampled_from(["opens", "closes", "asks_at", "sunday_opens"]), CLOCK),
        "check_ins": some(dict(MAY.days)),
        "thresholds": some(dict(MAY.thresholds)),
        "for_everyone": st.lists(st.sampled_from(["same_day", "day_10"]), unique=True),
        "optional_items": st.lists(st.just("sleep"), max_size=1),
        "conversation": st.fixed_dictionaries({"remind_after_hours": st.integers(3, 6)}),
        "raises": st.dictionaries(st.sampled_from(CONCERNS), CONDITIONS, max_size=3),
    },
)
OWN = OVERRIDES.map(lambda overrides: fitted(SIGNED, overrides).protocol)  # of hours that do not fit none is taken

NRS = st.integers(0, 10).map(Nrs)
HOURS = st.floats(0, 2400)
SCORES = st.fixed_dictionaries({}, optional={Measure.MOOD: NRS, Measure.PAIN: NRS})
HISTORIES = st.builds(
    History,
    baseline=SCORES,
    best_mood=st.none() | NRS,
    course=st.lists(NRS, max_size=5).map(tuple),
    last_mood=st.none() | NRS,
    flags=st.frozensets(st.sampled_from(FLAGS), max_size=3),
    treated=st.none() | st.builds(Treated, st.just(A_TUESDAY), st.sampled_from(SETTINGS), st.booleans(), HOURS),
    on_hold=st.booleans(),
)
MISSED = st.builds(
    Missed,
    running=st.integers(0, 6),
    hours=st.none() | HOURS,
    next_day=st.booleans(),
    safety_after=st.lists(st.sampled_from(["first", "home", "co_sedative"]), max_size=2).map(tuple),
    held_lately=st.booleans(),
)

TOTALS = st.builds(
    Totals,
    kind=st.sampled_from(sorted(KINDS)),
    total=st.integers(0, 27),
    item_9=st.none() | st.integers(0, 3),
    before=st.none() | st.integers(0, 27),
)


def urgency(concerns: Iterable[Concern], history: History, protocol: Protocol) -> Priority:
    return max((concern.priority for concern in weighed(concerns, history, protocol.raises)), default=Priority.NONE)


# Never less careful ---------------------------------------------------------------------------------------------------


@given(OWN, SCORES, HISTORIES)
def test_no_score_ever_worries_less_than_under_the_signed_protocol(
    own: Protocol, scores: dict[Measure, Nrs], history: History
) -> None:
    signed, theirs = (
        urgency(of_scores(scores, history, protocol.thresholds), history, protocol) for protocol in (SIGNED, own)
    )
    assert theirs >= signed


@given(OWN, MISSED, HISTORIES)
def test_no_silence_ever_worries_less_than_under_the_signed_protocol(
    own: Protocol, missed: Missed, history: History
) -> None:
    signed, theirs = (
        urgency(filter(None, [silence(missed, history, protocol.thresholds)]), history, protocol)
        for protocol in (SIGNED, own)
    )
    assert theirs >= signed


@given(OWN, TOTALS)
def test_no_questionnaire_ever_worries_less_than_under_the_signed_protocol(own: Protocol, taken: Totals) -> None:
    signed, theirs = (
        urgency(of_questionnaire(taken, protocol.thresholds), History(), protocol) for protocol in (SIGNED, own)
    )
    assert theirs >= signed


@given(OWN)
def test_nothing_signed_is_taken_away(own: Protocol) -> None:
    assert set(own.raises) >= set(SIGNED.raises)
    assert own.optional_items >= SIGNED.optional_items
    assert [rule.name for rule in own.check_ins] == [rule.name for rule in SIGNED.check_ins]
    for mine, theirs in zip(own.check_ins, SIGNED.check_ins, strict=True):
        assert (mine.asks, mine.also) == (theirs.asks, theirs.also)
        assert mine.only_when in (theirs.only_when, ())
    for same in ("prompts_a_day", "prompts_in_seven_days", "answers_expire_at", "answers_count_for", "staffed",
                 "crisis_replies", "escalation"):  # fmt: skip
        assert getattr(own, same) == getattr(SIGNED, same)


# Lawful, in order, whole ----------------------------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by timezones
FACTS = st.builds(
    TreatmentFacts,
    ended_at=MOMENTS,
    route=st.sampled_from(ROUTES),
    setting=st.sampled_from(SETTINGS),
    first=st.booleans(),
    flags=st.frozensets(st.sampled_from(FLAGS), max_size=3),
)
ZONES = st.sampled_from(["America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "UTC"]).map(
    ZoneInfo
)


@given(OWN, FACTS, ZONES)
def test_prompts_stay_in_lawful_hours_and_in_order_and_none_is_lost_to_the_caps(
    own: Protocol, facts: TreatmentFacts, zone: ZoneInfo
) -> None:
    planned, omitted = check_in_times(facts, own, Whose(zone, own.window))
    assert [plan.name for plan in planned] == [r.name for r in own.check_ins if r.name in {p.name for p in planned}]
    assert [plan.due_at for plan in planned] == sorted({plan.due_at for plan in planned})
    assert TOO_MANY not in {left.reason for left in omitted}
    for plan in planned:
        assert is_open(plan.due_at, own.window, zone)
        assert EARLIEST <= own.window.opens <= plan.due_at.astimezone(zone).time()
        assert plan.due_at.astimezone(zone).time() < own.window.closes <= LATEST


@given(st.dictionaries(st.sampled_from(["opens", "closes", "asks_at", "sunday_opens"]), CLOCK))
def test_hours_are_taken_as_given_or_refused_by_name(hours: dict[str, str]) -> None:
    found = fitted(SIGNED, {"window": hours})
    if found.faults:
        assert all(name.startswith("window.") for name in found.faults)
        assert found.protocol == SIGNED
    else:
        assert {name: f"{getattr(found.protocol.window, name):%H:%M}" for name in hours} == hours


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["window", "check_ins", "for_everyone", "optional_items", "conversation", "thresholds", "raises", "caps"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON | st.dictionaries(st.sampled_from([*MAY.days, "opens"]), JSON)))
def test_whatever_is_given_is_taken_or_refused_and_never_breaks(overrides: dict[str, Any]) -> None:
    found = fitted(SIGNED, overrides)
    if found.faults:
        with pytest.raises(UnsafeOverridesError):
            with_overrides(SIGNED, overrides)
    assert found.protocol.window.opens >= EARLIEST


@given(OVERRIDES, OVERRIDES)
def test_what_fits_does_not_hang_on_what_does_not(good: dict[str, Any], bad: dict[str, Any]) -> None:
    """A protocol signed anew may no longer allow what a clinic chose: the signed value holds then, the rest stays."""
    good.pop("window", None)
    mixed = good | {"caps": bad, "thresholds": good.get("thresholds", {}) | {"mood_low": 2}}
    kept = {k: v for k, v in good.get("thresholds", {}).items() if k != "mood_low"}
    assert fitted(SIGNED, mixed).protocol == with_overrides(SIGNED, good | {"thresholds": kept})


# By example -----------------------------------------------------------------------------------------------------------


def test_every_fault_is_told_at_once_with_its_field_and_what_is_allowed() -> None:
    with pytest.raises(UnsafeOverridesError) as refused:
        with_overrides(SIGNED, {
            "window": {"opens": "07:00", "lunch": "12:00"},
            "check_ins": {"day_3": 4, "day_1": 2, "day_9": 9},
            "thresholds": {"mood_floor": 0, "mood_low": True, "silence_at_risk": 2, "pain_severe": 9, "mood_fall": 4},
            "for_everyone": ["day_3"],
            "optional_items": ["dreams"],
            "conversation": {"remind_after_hours": 2, "unreadable": 9},
            "raises": {"mania": {"moon": "stat", "home": "none"}, "Ärger": {"home": "stat"}},
            "caps": {"per_day": 2},
            "crisis_reply": {"suppress": 60},
            "escalation": {"pace": {"stat": 2}},
        })  # fmt: skip
    assert refused.value.faults.keys() == {
        "window.opens", "window.lunch", "check_ins.day_3", "check_ins.day_1", "check_ins.day_9",
        "thresholds.mood_low", "thresholds.silence_at_risk", "thresholds.pain_severe", "thresholds.mood_fall",
        "thresholds.mood_floor",
        "for_everyone", "optional_items", "conversation.remind_after_hours", "conversation.unreadable",
        "raises.mania.moon", "raises.mania.home", "raises.Ärger.home", "caps", "crisis_reply", "escalation",
    }  # fmt: skip
    assert "2 to 3" in refused.value.faults["check_ins.day_3"]
    assert "6 to 8" in refused.value.faults["thresholds.pain_severe"]
    assert "08:00 to 21:00" in refused.value.faults["window.opens"]
    assert str(refused.value).count("\n") == len(refused.value.faults) - 1


@pytest.mark.parametrize(
    ("hours", "at_fault"),
    [
        ({"opens": "11:00", "asks_at": "10:00"}, "window.asks_at"),
        ({"opens": "10:00", "sunday_opens": "09:30"}, "window.sunday_opens"),
        ({"asks_at": "18:30"}, "window.closes"),
        ({"closes": "11:00"}, "window.closes"),
        ({"opens": 9}, "window.opens"),
        ({"asks_at": "9:00"}, "window.asks_at"),
        ({"closes": "21:30"}, "window.closes"),
    ],
)
def test_hours_that_do_not_fit_together_are_refused(hours: dict[str, Any], at_fault: str) -> None:
    assert list(fitted(SIGNED, {"window": hours}).faults) == [at_fault]


def test_what_the_clinic_says_nothing_about_follows_its_opening() -> None:
    window = with_overrides(SIGNED, {"window": {"opens": "11:00"}}).window
    assert (window.opens, window.asks_at, window.sunday_opens) == (time(11), time(11), time(11))


def test_differences_are_named_as_overrides_are() -> None:
    overrides = {"check_ins": {"day_3": 2}, "thresholds": {"mood_low": 4}, "for_everyone": ["same_day"],
                 "optional_items": ["sleep"], "conversation": {"remind_after_hours": 3},
                 "raises": {"mania": {"bipolar": "stat"}}}  # fmt: skip
    found = differences(SIGNED, with_overrides(SIGNED, overrides))
    assert {(name, signed, own) for name, signed, own in found} == {
        ("check_ins.day_3", "day 3", "day 2"), ("thresholds.mood_low", "3", "4"),
        ("for_everyone.same_day", "no", "yes"), ("optional_items", "none", "sleep"),
        ("conversation.remind_after_hours", "4", "3"), ("raises.mania.bipolar", "asap", "stat"),
    }  # fmt: skip
    assert differences(SIGNED, with_overrides(SIGNED, {})) == []


# What is signed about it ----------------------------------------------------------------------------------------------


def with_bounds(**changed: Any) -> Protocol:
    own = {"days": MAY.days, "thresholds": MAY.thresholds, "remind_after_hours": MAY.remind_after_hours} | changed
    everything = {name: getattr(SIGNED, name) for name in SIGNED.__slots__}
    return Protocol(**(everything | {"clinic_may": ClinicMay(**own)}))


def test_the_signed_bounds_are_safe_themselves() -> None:
    assert faults_of_bounds(SIGNED) == []
    assert timedelta(hours=3) <= SIGNED.conversation.remind_after <= timedelta(hours=6)


@pytest.mark.parametrize(
    ("bounds", "named"),
    [
        ({"days": {"day_3": (2, 7)}}, "clinic_may.days"),
        ({"days": {"day_4": (4, 4)}}, "clinic_may.days.day_4"),
        ({"days": {"day_3": (4, 5)}}, "clinic_may.days.day_3"),
        ({"thresholds": {"mood_low": (3, 2)}}, "clinic_may.thresholds.mood_low"),
        ({"thresholds": {"mood_fall": (3, 4)}}, "clinic_may.thresholds.mood_fall"),
        ({"thresholds": {"mood_fall": (4, 3)}}, "clinic_may.thresholds.mood_fall"),
        ({"thresholds": {"silence": (2, 0)}}, "clinic_may.thresholds.silence"),
        ({"thresholds": {"hope": (1, 1)}}, "clinic_may.thresholds.hope"),
        ({"remind_after_hours": (5, 6)}, "clinic_may.remind_after_hours"),
    ],
)
def test_bounds_that_would_make_something_less_do_not_load(bounds: dict[str, Any], named: str) -> None:
    assert [fault.partition(":")[0] for fault in faults_of_bounds(with_bounds(**bounds))] == [named]
