"""What scores and silence mean against a patient's own past: each concern with its arithmetic (CLINICAL.md 9)."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from backend.domain.concerns import UNSCREENED, Concern, Priority, ReplyKind
from backend.domain.history import History
from backend.domain.protocol import SETTINGS, Raise, Thresholds
from backend.domain.scores import Measure, Nrs

BY_NUMBERS = frozenset({"low_mood", "mood_fall", "mood_slip", "relapse", "sudden_high", "worst_pain", "pain_rise"})
"""The concerns that scores raise."""


def of_scores(scores: Mapping[Measure, Nrs], history: History, limits: Thresholds) -> Iterable[Concern]:
    if (mood := scores.get(Measure.MOOD)) is not None:
        yield from _of_mood(mood, history, limits)
    if (pain := scores.get(Measure.PAIN)) is not None:
        yield from _of_pain(pain, history.baseline.get(Measure.PAIN), limits)


def as_if_not_given(corrected: AbstractSet[Measure], history: History) -> History:
    """What is known without the mood that the patient takes back: it was none."""
    if Measure.MOOD in corrected and history.course and history.course[-1] == history.so_far.given.get(Measure.MOOD):
        return replace(history, course=history.course[:-1])
    return history


# Mood ----------------------------------------------------------------------------------------------------------------


def _of_mood(mood: Nrs, history: History, limits: Thresholds) -> Iterable[Concern]:
    if mood <= limits.mood_floor:
        yield _score("low_mood", Priority.ASAP, "mood-floor", f"Mood {mood}, at the bottom of the scale.")
    elif mood <= limits.mood_low:
        why = f"Mood {mood}, in the low range ({limits.mood_floor + 1}-{limits.mood_low})."
        yield _score("low_mood", Priority.URGENT, "mood-low", why)
    baseline = history.baseline.get(Measure.MOOD)
    if baseline is not None:
        yield from _below(mood, baseline, history.course, limits)
    best = history.best_mood
    if best is not None and best - mood >= limits.mood_fall_from_best:
        why = f"Mood {mood}, best of the last 14 days {best}: down {best - mood}."
        yield _score("mood_fall", Priority.URGENT, "mood-fall-from-best", why)
    if "bipolar" in history.flags:
        yield from _sudden_high(mood, history.course[-1] if history.course else baseline, limits)


def _below(mood: Nrs, baseline: Nrs, course: Sequence[Nrs], limits: Thresholds) -> Iterable[Concern]:
    """A fall, a smaller fall twice running, and a gain that is lost again."""
    down = baseline - mood
    if down >= limits.mood_fall:
        yield _score("mood_fall", Priority.URGENT, "mood-fall", f"Mood {mood}, baseline {baseline}: down {down}.")
    before = baseline - course[-1] if course else 0
    if min(down, before) >= limits.mood_slip:
        why = f"Mood {mood}, baseline {baseline}: down {down}; the time before, mood {course[-1]}: down {before}."
        yield _score("mood_slip", Priority.ROUTINE, "mood-slip", why, ReplyKind.NOTHING)
    best = gain_to_lose(course, baseline, limits.mood_gain)
    if best is not None and mood <= baseline:
        why = f"Mood {mood}, baseline {baseline}: the gain of {best - baseline} since the treatment (mood {best}) is"
        yield _score("relapse", Priority.ROUTINE, "mood-gain-lost", f"{why} lost; consider booking.", ReplyKind.NOTHING)


def gain_to_lose(course: Sequence[Nrs], baseline: Nrs, gain: int) -> Nrs | None:
    """The best mood since the newest treatment, if it gained so much on the baseline and has not been back since.

    A gain is lost once: what follows until the next treatment is no news.
    """
    best: Nrs | None = None
    for mood in course:
        if best is not None and mood <= baseline:
            return None
        if mood - baseline >= gain:
            best = mood if best is None else max(best, mood)
    return best


def _sudden_high(mood: Nrs, before: Nrs | None, limits: Thresholds) -> Iterable[Concern]:
    if before is not None and mood >= limits.mood_high and mood - before >= limits.mood_jump:
        why = f"Mood {mood}, before {before}: up {mood - before}, with the bipolar flag; may be a switch."
        yield _score("sudden_high", Priority.URGENT, "mood-jump", why, ReplyKind.URGENT)


def recent_best(moods: Sequence[tuple[datetime, Nrs]], now: datetime) -> Nrs | None:
    """The best mood of the last 14 days, or None."""
    return max((mood for at, mood in moods if now - at <= timedelta(days=14)), default=None)


# Pain ----------------------------------------------------------------------------------------------------------------


def _of_pain(pain: Nrs, baseline: Nrs | None, limits: Thresholds) -> Iterable[Concern]:
    if pain >= limits.pain_worst:
        yield _score(
            "worst_pain", Priority.URGENT, "pain-worst", f"Pain {pain}, the worst on the scale.", ReplyKind.URGENT
        )
    if baseline is not None and _risen(pain, baseline, limits):
        severe = pain >= limits.pain_severe
        yield _score(
            "pain_rise",
            Priority.URGENT if severe else Priority.ROUTINE,
            "pain-rise-severe" if severe else "pain-rise",
            f"Pain {pain}, baseline {baseline}: up {pain - baseline}{_share(pain - baseline, baseline)}.",
            ReplyKind.URGENT if severe else ReplyKind.NOTHING,
        )


def _risen(pain: Nrs, baseline: Nrs, limits: Thresholds) -> bool:
    """By so many points, or by such a part of the baseline; of a baseline of 0 there is no part."""
    up = pain - baseline
    return up >= limits.pain_rise or (up > 0 and 0 < limits.pain_rise_percent * baseline <= 100 * up)


def _share(change: int, baseline: Nrs) -> str:
    return f" ({_percent(change, baseline)} %)" if baseline else ""


def _percent(part: int, whole: int) -> int:
    return (200 * part + whole) // (2 * whole)


class Response(StrEnum):
    """Whether a treatment has helped against pain."""

    RESPONSE = "response"
    NO_RESPONSE = "no_response"
    TOO_EARLY = "too_early"


@dataclass(frozen=True, slots=True)
class PainResponse:
    """What came of a treatment, with its arithmetic. For reports only: it opens no case."""

    verdict: Response
    why: str


def responded(
    pains: Sequence[tuple[datetime, Nrs]], treated_at: datetime, baseline: Nrs | None, now: datetime, limits: Thresholds
) -> PainResponse | None:
    """Whether pain (oldest first) is less than the baseline by enough at the newest answer that is late enough to tell.

    None where nobody can say: no baseline, one of 0, or no answer since.
    """
    judged_from = treated_at + timedelta(days=limits.response_from_day)
    if not baseline:
        return None
    if now < judged_from:
        return PainResponse(Response.TOO_EARLY, f"Judged from day {limits.response_from_day} on.")
    late = [pain for at, pain in pains if at >= judged_from]
    if not late:
        return None
    less = baseline - late[-1]
    helped = 100 * less >= limits.pain_response_percent * baseline
    why = f"Pain {late[-1]}, baseline {baseline}: {'down' if less >= 0 else 'up'} {_percent(abs(less), baseline)} %."
    return PainResponse(Response.RESPONSE if helped else Response.NO_RESPONSE, why)


def _score(name: str, priority: Priority, rule: str, why: str, reply: ReplyKind = ReplyKind.SOFT) -> Concern:
    return Concern(name, priority, reply, rule, why)


# Who it is about -----------------------------------------------------------------------------------------------------


def weighed(concerns: Iterable[Concern], history: History, raises: Sequence[Raise]) -> list[Concern]:
    """The same concerns, each as much as it weighs for this patient: more or as much, never less."""
    return [_raised(_in_hold(concern) if history.on_hold else concern, history, raises) for concern in concerns]


def _in_hold(concern: Concern) -> Concern:
    """After a crisis, what could not be screened may be the worst (CLINICAL.md 11)."""
    if concern.name not in UNSCREENED:
        return concern
    return replace(concern, priority=Priority.STAT, reply=ReplyKind.CRISIS)


def _raised(concern: Concern, history: History, raises: Sequence[Raise]) -> Concern:
    """What was denied, or said of somebody else, stays as it is: "no chest pain" alarms nobody."""
    if concern.softened:
        return concern
    for rule in raises:
        if rule.concern == concern.name and _holds(rule, history):
            answers = rule.reply is not None and concern.reply is not ReplyKind.CRISIS
            concern = replace(
                concern,
                priority=max(concern.priority, rule.priority),
                reply=rule.reply if rule.reply is not None and answers else concern.reply,
                why=f"{concern.why} {_because(rule, history)}",
            )
    return concern


def _holds(rule: Raise, history: History) -> bool:
    """With the time of the treatment unknown, the more worrying reading holds."""
    treated = history.treated
    given = rule.when in history.flags or (
        treated is not None and (rule.when == treated.setting or (rule.when == "co_sedative" and treated.co_sedative))
    )
    return given and (rule.within is None or treated is None or treated.hours <= rule.within / timedelta(hours=1))


def _because(rule: Raise, history: History) -> str:
    if rule.when in SETTINGS or rule.when not in history.flags:
        where = "with another sedative" if rule.when == "co_sedative" else f"at {_PLACES[rule.when]}"
        return f"Treated {where}{f' {history.treated.hours:.0f} hours before' if history.treated else ''}."
    return f"Flag: {rule.when.replace('_', ' ')}."


_PLACES = {"home": "home", "clinic": "the clinic"}


# Silence -------------------------------------------------------------------------------------------------------------

SOON = timedelta(hours=48)
"""For so long after a treatment the silence of a patient at risk weighs more."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Check-ins `running` that reached the patient and to which no text came back.

    Of the newest: how many `hours` after its treatment it was asked, whether it was the one of the `next_day`, and, if
    it asked whether the patient is home safe, what speaks for asking (`home`, `first`, `co_sedative`).
    """

    running: int
    hours: float | None = None
    next_day: bool = False
    safety_after: tuple[str, ...] = ()
    held_lately: bool = False


def silence(missed: Missed, history: History, limits: Thresholds) -> Concern | None:
    """Unanswered check-ins are a signal, weighed by risk and by the hours since the treatment (S11). None while there
    are too few of them.
    """
    risks = _risks(missed, history, limits)
    needed = limits.silence_at_risk if risks or missed.safety_after else limits.silence
    if missed.running < needed:
        return None
    soon = missed.hours is not None and missed.hours < SOON / timedelta(hours=1)
    urgent = bool(missed.safety_after) or (soon and bool(risks))
    urgent = urgent or (missed.next_day and "si_baseline" in history.flags)
    why = f"{missed.running} check-in{'s' * (missed.running > 1)} running without an answer"
    why += f", asked {missed.hours:.0f} hours after a treatment" if soon and missed.hours is not None else ""
    why += f" ({', '.join(_SAFETY[each] for each in missed.safety_after)})" if missed.safety_after else ""
    why += f", from a patient {' and '.join(risks)}" if risks else ""
    return Concern("silence", Priority.URGENT if urgent else Priority.ROUTINE, ReplyKind.NOTHING, "silence", f"{why}.")


_SAFETY = {"first": "the first", "home": "at home", "co_sedative": "with another sedative"}


def _risks(missed: Missed, history: History, limits: Thresholds) -> list[str]:
    low = history.last_mood is not None and history.last_mood <= limits.mood_low
    known = (
        (low, "whose last mood was low"),
        ("si_baseline" in history.flags, "whose baseline had suicidal thoughts"),
        (missed.held_lately, "who was on hold in the last 30 days"),
    )
    return [words for holds, words in known if holds]
