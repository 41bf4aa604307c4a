"""Each threshold at its border, and every concern with its arithmetic (CLINICAL.md 9)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.history import History, Treated
from backend.domain.protocol import Raise
from backend.domain.questionnaires import Totals, of_questionnaire
from backend.domain.rules import Missed, Response, gain_to_lose, of_scores, responded, silence, weighed
from backend.domain.scores import Measure, Nrs
from backend.domain.screening import Screen
from tests.town import signed_files

LIMITS = signed_files().protocol.thresholds
RAISES = signed_files().protocol.raises
SCREEN = Screen(signed_files().lexicons, signed_files().languages)
NOW = datetime(2026, 6, 2, 16, tzinfo=UTC)
NRS = st.integers(0, 10).map(Nrs)
WITH_LOW_MOOD = "from a patient whose last mood was low"
Found = list[tuple[str, str, str]]


def of_mood(mood: int, baseline: int | None = None, course: Sequence[int] = (), **known: object) -> Found:
    return _found(Measure.MOOD, mood, baseline, course=tuple(Nrs(each) for each in course), **known)


def of_pain(pain: int, baseline: int | None = None) -> Found:
    return _found(Measure.PAIN, pain, baseline)


def _found(measure: Measure, value: int, baseline: int | None, **known: object) -> Found:
    usual = {measure: Nrs(baseline)} if baseline is not None else {}
    history = History(baseline=usual, **known)  # type: ignore[arg-type] # the caller names fields of it
    return [(c.rule, c.priority.label, c.why) for c in of_scores({measure: Nrs(value)}, history, LIMITS)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (of_mood(0), [("mood-floor", "asap", "Mood 0, at the bottom of the scale.")]),
        (of_mood(1), [("mood-floor", "asap", "Mood 1, at the bottom of the scale.")]),
        (of_mood(2), [("mood-low", "urgent", "Mood 2, in the low range (2-3).")]),
        (of_mood(3), [("mood-low", "urgent", "Mood 3, in the low range (2-3).")]),
        (of_mood(4), []),
        (of_mood(4, 7), [("mood-fall", "urgent", "Mood 4, baseline 7: down 3.")]),
        (of_mood(5, 7), []),
        (
            of_mood(4, best_mood=Nrs(8)),
            [("mood-fall-from-best", "urgent", "Mood 4, best of the last 14 days 8: down 4.")],
        ),
        (of_mood(5, best_mood=Nrs(8)), []),
        (
            of_mood(5, 7, [5]),
            [("mood-slip", "routine", "Mood 5, baseline 7: down 2; the time before, mood 5: down 2.")],
        ),
        (of_mood(5, 7, [6]), []),
        (of_mood(6, 7, [5]), []),
        (
            of_mood(5, 5, [6, 7, 8, 6]),
            [
                (
                    "mood-gain-lost",
                    "routine",
                    "Mood 5, baseline 5: the gain of 3 since the treatment (mood 8) is lost; consider booking.",
                )
            ],
        ),
        (of_mood(6, 5, [8]), []),
        (of_mood(5, 5, [6]), []),
        (of_mood(5, 5, [8, 5]), []),
        (of_mood(5, 5, [8, 4, 8]), []),
        (of_mood(9, course=[4]), []),
        (
            of_mood(9, course=[4], flags=frozenset({"bipolar"})),
            [("mood-jump", "urgent", "Mood 9, before 4: up 5, with the bipolar flag; may be a switch.")],
        ),
        (of_mood(9, course=[5], flags=frozenset({"bipolar"})), []),
        (of_mood(8, course=[3], flags=frozenset({"bipolar"})), []),
        (of_mood(9, 4, flags=frozenset({"bipolar"}))[0][:2], ("mood-jump", "urgent")),
        (of_mood(9, flags=frozenset({"bipolar"})), []),
        (of_pain(10), [("pain-worst", "urgent", "Pain 10, the worst on the scale.")]),
        (of_pain(9), []),
        (of_pain(5, 3), [("pain-rise", "routine", "Pain 5, baseline 3: up 2 (67 %).")]),
        (of_pain(4, 3), [("pain-rise", "routine", "Pain 4, baseline 3: up 1 (33 %).")]),
        (of_pain(5, 4), []),
        (of_pain(1, 0), []),
        (of_pain(2, 0), [("pain-rise", "routine", "Pain 2, baseline 0: up 2.")]),
        (of_pain(8, 6), [("pain-rise-severe", "urgent", "Pain 8, baseline 6: up 2 (33 %).")]),
        (of_pain(7, 5)[0][:2], ("pain-rise", "routine")),
        (of_pain(8, 7), []),
    ],
)
def test_each_threshold_at_its_border(found: Found, expected: Found) -> None:
    assert found == expected


@given(st.lists(NRS, max_size=12), NRS)
def test_a_gain_is_lost_once(course: list[Nrs], baseline: Nrs) -> None:
    told = 0
    for at, mood in enumerate(course):
        best = gain_to_lose(course[:at], baseline, LIMITS.mood_gain)
        assert best is None or best - baseline >= LIMITS.mood_gain
        told += best is not None and mood <= baseline
    assert told <= 1


# Pain response -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "pain", "baseline", "verdict", "why"),
    [
        (20.9, 2, 6, Response.TOO_EARLY, "Judged from day 21 on."),
        (21, 4, 6, Response.RESPONSE, "Pain 4, baseline 6: down 33 %."),
        (21, 5, 6, Response.NO_RESPONSE, "Pain 5, baseline 6: down 17 %."),
        (30, 7, 10, Response.RESPONSE, "Pain 7, baseline 10: down 30 %."),
        (30, 8, 6, Response.NO_RESPONSE, "Pain 8, baseline 6: up 33 %."),
    ],
)
def test_a_pain_response_is_judged_from_day_21(
    day: float, pain: int, baseline: int, verdict: Response, why: str
) -> None:
    given_at = NOW - timedelta(hours=1)
    found = responded(
        [(given_at, Nrs(pain))], given_at - timedelta(days=day), Nrs(baseline), NOW - timedelta(hours=1), LIMITS
    )
    assert found is not None
    assert (found.verdict, found.why) == (verdict, why)


def test_nobody_can_say_without_a_baseline_or_an_answer() -> None:
    long_ago = NOW - timedelta(days=40)
    assert responded([(NOW, Nrs(2))], long_ago, None, NOW, LIMITS) is None
    assert responded([(NOW, Nrs(2))], long_ago, Nrs(0), NOW, LIMITS) is None
    assert responded([(long_ago + timedelta(days=3), Nrs(2))], long_ago, Nrs(6), NOW, LIMITS) is None


# Flags, settings, holds ----------------------------------------------------------------------------------------------


def heard(text: str, *flags: str, setting: str = "clinic", hours: float = 30, co_sedative: bool = False) -> Concern:
    treated = Treated(NOW - timedelta(hours=hours), setting, co_sedative, hours)
    history = History(flags=frozenset(flags), treated=treated)
    found = weighed(SCREEN(text, hours_since_treatment=hours), history, RAISES)
    return max(found, key=lambda concern: concern.priority)


@pytest.mark.parametrize(
    ("plain", "raised", "priority", "because"),
    [
        (heard("racing thoughts all night"), heard("racing thoughts all night", "bipolar"), "asap", "Flag: bipolar."),
        (heard("my eye hurts"), heard("my eye hurts", "glaucoma"), "asap", "Flag: glaucoma."),
        (heard("my heart is pounding"), heard("my heart is pounding", "coronary"), "stat", "Flag: coronary."),
        (heard("my bp is 165 over 95"), heard("my bp is 165 over 95", "coronary"), "asap", "Flag: coronary."),
        (heard("I'm drinking again"), heard("I'm drinking again", "alcohol"), "asap", "Flag: alcohol."),
        (heard("craving it badly"), heard("craving it badly", "sud"), "asap", "Flag: sud."),
        (
            heard("had a few beers last night"),
            heard("had a few beers last night", "alcohol"),
            "urgent",
            "Flag: alcohol.",
        ),
        (
            heard("still so drowsy", hours=5),
            heard("still so drowsy", setting="home", hours=5),
            "stat",
            "Treated at home 5 hours before.",
        ),
        (
            heard("still so drowsy", hours=30),
            heard("still so drowsy", hours=30, co_sedative=True),
            "asap",
            "Treated with another sedative 30 hours before.",
        ),
        (
            heard("I'm driving home now", hours=30),
            heard("I'm driving home now", hours=30, co_sedative=True),
            "asap",
            "Treated with another sedative 30 hours before.",
        ),
    ],
)
def test_a_flag_or_a_setting_raises_and_says_so(plain: Concern, raised: Concern, priority: str, because: str) -> None:
    assert plain.priority < raised.priority
    assert raised.priority.label == priority
    assert raised.why == f"{plain.why} {because}"


def test_harm_to_the_baby_is_stat_and_shows_the_flag() -> None:
    found = heard("I want to hurt my baby", "postpartum")
    assert (found.priority, found.reply) == (Priority.STAT, ReplyKind.CRISIS)
    assert found.why.endswith("Flag: postpartum.")


def test_a_swollen_iv_site_of_a_patient_with_crps_is_shown_with_the_flag_and_not_lowered() -> None:
    plain, shown = heard("the IV site is red and swollen"), heard("the IV site is red and swollen", "crps")
    assert (shown.priority, shown.why) == (plain.priority, f"{plain.why} Flag: crps.")


def test_what_only_matters_on_the_first_days_is_not_raised_later() -> None:
    assert heard("still so drowsy", setting="home", hours=25).priority is Priority.ROUTINE
    assert heard("I'm driving home now", hours=49, co_sedative=True).priority is Priority.ROUTINE
    assert heard("breathing feels shallow", setting="home", hours=200).priority is Priority.STAT


def test_what_is_denied_is_not_raised() -> None:
    denied = [Concern("heart", Priority.ROUTINE, ReplyKind.URGENT, "en.heart", "Denied.", (0, 1), "x", softened=True)]
    assert weighed(denied, History(flags=frozenset({"coronary"})), RAISES) == denied


def test_a_raise_never_takes_the_crisis_reply_away() -> None:
    crisis = [Concern("heart", Priority.URGENT, ReplyKind.CRISIS, "rule", "Why.")]
    rule = Raise("heart", "coronary", Priority.STAT, reply=ReplyKind.MEDICAL)
    [found] = weighed(crisis, History(flags=frozenset({"coronary"})), [rule])
    assert (found.priority, found.reply) == (Priority.STAT, ReplyKind.CRISIS)


# Silence -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missed", "history", "priority", "why"),
    [
        (Missed(1, 200), History(), None, ""),
        (Missed(2, 200), History(), Priority.ROUTINE, "2 check-ins running without an answer."),
        (Missed(0), History(flags=frozenset({"si_baseline"})), None, ""),
        (
            Missed(1, 200),
            History(last_mood=Nrs(3)),
            Priority.ROUTINE,
            f"1 check-in running without an answer, {WITH_LOW_MOOD}.",
        ),
        (Missed(1, 200), History(last_mood=Nrs(4)), None, ""),
        (
            Missed(1, 9),
            History(last_mood=Nrs(3)),
            Priority.URGENT,
            f"1 check-in running without an answer, asked 9 hours after a treatment, {WITH_LOW_MOOD}.",
        ),
        (Missed(1, 26), History(), None, ""),
        (
            Missed(2, 26),
            History(),
            Priority.ROUTINE,
            "2 check-ins running without an answer, asked 26 hours after a treatment.",
        ),
        (
            Missed(1, 60, next_day=True),
            History(flags=frozenset({"si_baseline"})),
            Priority.URGENT,
            "1 check-in running without an answer, from a patient whose baseline had suicidal thoughts.",
        ),
        (Missed(1, 72), History(flags=frozenset({"si_baseline"})), Priority.ROUTINE, None),
        (
            Missed(1, 200, held_lately=True),
            History(),
            Priority.ROUTINE,
            "1 check-in running without an answer, from a patient who was on hold in the last 30 days.",
        ),
        (
            Missed(1, 4, safety_after=("first", "home")),
            History(),
            Priority.URGENT,
            "1 check-in running without an answer, asked 4 hours after a treatment (the first, at home).",
        ),
    ],
)
def test_silence_is_weighed_by_risk_and_by_the_hours_since_the_treatment(
    missed: Missed, history: History, priority: Priority | None, why: str | None
) -> None:
    concern = silence(missed, history, LIMITS)
    assert (concern.priority if concern else None) == priority
    assert why is None or (concern.why if concern else "") == why


# Questionnaires ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (Totals("phq2", 2), []),
        (Totals("phq2", 3), [("urgent", "PHQ-2 3: 3 or more is positive.")]),
        (Totals("phq2", 2, before=0), [("urgent", "PHQ-2 2, before 0: up 2.")]),
        (Totals("phq2", 2, before=1), []),
        (Totals("phq9", 27, 0), []),
        (Totals("phq9", 14, 0, before=9), [("urgent", "PHQ-9 14, before 9: up 5.")]),
        (Totals("phq9", 13, 0, before=9), []),
        (
            Totals("phq9", 3, 1, before=9),
            [("asap", "PHQ-9 item 9 at 1: thoughts of being better off dead, or of self-harm.")],
        ),
    ],
)
def test_a_questionnaire_at_its_borders(taken: Totals, expected: list[tuple[str, str]]) -> None:
    assert [(c.priority.label, c.why) for c in of_questionnaire(taken, LIMITS)] == expected
