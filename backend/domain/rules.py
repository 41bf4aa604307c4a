"""What scores and silence mean against a patient's own past: each concern with its arithmetic (CLINICAL.md 9)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.history import History
from backend.domain.protocol import Thresholds
from backend.domain.scores import Measure, Nrs


def of_scores(scores: Mapping[Measure, Nrs], history: History, limits: Thresholds) -> Iterable[Concern]:
    if (mood := scores.get(Measure.MOOD)) is not None:
        yield from _of_mood(mood, history, limits)
    if (pain := scores.get(Measure.PAIN)) is not None:
        yield from _of_pain(pain, history.baseline.get(Measure.PAIN), limits)


def _of_mood(mood: Nrs, history: History, limits: Thresholds) -> Iterable[Concern]:
    if mood <= limits.mood_floor:
        yield _score("low_mood", Priority.ASAP, "mood-floor", f"Mood {mood}, at the bottom of the scale.")
    elif mood <= limits.mood_low:
        yield _score("low_mood", Priority.URGENT, "mood-low", f"Mood {mood}, in the low range (2-{limits.mood_low}).")
    baseline = history.baseline.get(Measure.MOOD)
    if baseline is not None and baseline - mood >= limits.mood_fall:
        why = f"Mood {mood}, baseline {baseline}: down {baseline - mood}."
        yield _score("mood_fall", Priority.URGENT, "mood-fall", why)
    best = history.best_mood
    if best is not None and best - mood >= limits.mood_fall_from_best:
        why = f"Mood {mood}, best of the last 14 days {best}: down {best - mood}."
        yield _score("mood_fall", Priority.URGENT, "mood-fall-from-best", why)


def _of_pain(pain: Nrs, baseline: Nrs | None, limits: Thresholds) -> Iterable[Concern]:
    if pain >= limits.pain_worst:
        yield _score(
            "worst_pain", Priority.URGENT, "pain-worst", f"Pain {pain}, the worst on the scale.", ReplyKind.URGENT
        )
    if baseline is not None and pain - baseline >= limits.pain_rise:
        severe = pain >= limits.pain_severe
        yield _score(
            "pain_rise",
            Priority.URGENT if severe else Priority.ROUTINE,
            "pain-rise-severe" if severe else "pain-rise",
            f"Pain {pain}, baseline {baseline}: up {pain - baseline}.",
            ReplyKind.URGENT if severe else ReplyKind.NOTHING,
        )


def _score(name: str, priority: Priority, rule: str, why: str, reply: ReplyKind = ReplyKind.SOFT) -> Concern:
    return Concern(name, priority, reply, rule, why)


def silence(missed_running: int, history: History, thresholds: Thresholds) -> Concern | None:
    """Unanswered check-ins are a signal (S11). None while there are too few of them."""
    low = history.last_mood is not None and history.last_mood <= thresholds.mood_low
    at_risk = low or "si_baseline" in history.flags
    if missed_running < (thresholds.silence_at_risk if at_risk else thresholds.silence):
        return None
    why = f"{missed_running} check-in{'s' * (missed_running > 1)} running without an answer"
    priority = Priority.URGENT if "si_baseline" in history.flags else Priority.ROUTINE
    if at_risk:
        why += " from a patient whose last mood was low or whose baseline had suicidal thoughts"
    return Concern("silence", priority, ReplyKind.NOTHING, "silence", why + ".")


def recent_best(moods: Sequence[tuple[datetime, Nrs]], now: datetime) -> Nrs | None:
    """The best mood of the last 14 days, or None."""
    return max((mood for at, mood in moods if now - at <= timedelta(days=14)), default=None)
