"""What a text means: never less worrying for one more fact, and the crisis text exactly as often as it should."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.answers import Offer, SoFar
from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.history import CrisisSent, History, Treated
from backend.domain.protocol import FLAGS, SETTINGS
from backend.domain.replies import read_reply
from backend.domain.rules import Missed, silence
from backend.domain.scores import Measure, Nrs
from backend.domain.screening import Screen
from backend.domain.triage import Disposition, Sender, Verdict, could_not_screen, crisis_reply, triage
from tests.town import signed_files

PROTOCOL = signed_files().protocol
RULES = PROTOCOL.crisis_replies
SCREEN = Screen(signed_files().lexicons, signed_files().languages)
NOW = datetime(2026, 6, 2, 16, tzinfo=UTC)
NRS = st.integers(0, 10)
HISTORIES = st.builds(
    History,
    awaiting=st.sampled_from([("mood", "pain"), ("mood", "pain", "side_effects"), ()]),
    baseline=st.fixed_dictionaries({}, optional={Measure.MOOD: NRS.map(Nrs), Measure.PAIN: NRS.map(Nrs)}),
    best_mood=st.none() | NRS.map(Nrs),
    course=st.lists(NRS.map(Nrs), max_size=4),
    flags=st.sets(st.sampled_from(FLAGS)).map(frozenset),
    treated=st.none()
    | st.builds(Treated, st.just(NOW), st.sampled_from(SETTINGS), st.booleans(), st.sampled_from([1.0, 30.0, 300.0])),
    on_hold=st.booleans(),
    last_mood=st.none() | NRS.map(Nrs),
)
SENTENCES = st.sampled_from(
    [
        "I don't want to be here anymore", "my dog is happy", "chest pain", "thanks so much", "stop", "I feel great",
        "no side effects", "everything is fine now", "mi madre vino", "I am going to kill myself", "lol just kidding",
        "call me", "the pain is better", "I was joking", "7", "ok",
    ]
)  # fmt: skip


def read(text: str, history: History, sender: Sender = Sender.PATIENT) -> Verdict:
    reply = read_reply(text, history.awaiting)
    return triage(reply, SCREEN(text), sender, history, protocol=PROTOCOL, now=NOW)


@given(NRS, NRS, HISTORIES)
def test_a_lower_mood_never_lowers_the_priority(one: int, other: int, history: History) -> None:
    """But for the sudden high of a bipolar patient, which is a worry of its own."""
    low, high = sorted((one, other))
    above = [c.priority for c in read(f"mood {high} pain 3", history).concerns if c.name != "sudden_high"]
    assert read(f"mood {low} pain 3", history).priority >= max(above, default=Priority.NONE)


@given(NRS, NRS, HISTORIES)
def test_more_pain_never_lowers_the_priority(one: int, other: int, history: History) -> None:
    less, more = sorted((one, other))
    assert read(f"mood 6 pain {more}", history).priority >= read(f"mood 6 pain {less}", history).priority


@given(SENTENCES, SENTENCES, HISTORIES)
def test_an_added_sentence_never_lowers_a_worrying_priority(first: str, second: str, history: History) -> None:
    history = replace(history, on_hold=False)  # in a hold every text is for a person, and worries by itself
    alone = read(first, history).priority
    together = read(f"{first}. {second}.", history).priority
    if alone >= Priority.ASAP:
        assert together >= Priority.ASAP
    assert together >= alone or alone <= Priority.URGENT


@given(st.text(max_size=200), st.sampled_from(list(Sender)), HISTORIES, st.booleans())
def test_any_text_ends_in_one_disposition_and_one_reply(
    text: str,
    sender: Sender,
    history: History,
    on_hold: bool,  # noqa: FBT001 - drawn, not called
) -> None:
    verdict = read(text, replace(history, on_hold=on_hold), sender)
    assert (verdict.disposition is Disposition.ESCALATION) == (verdict.priority >= Priority.ROUTINE)
    assert bool(verdict.concerns) == (verdict.priority > Priority.NONE)
    assert list(verdict.concerns) == sorted(verdict.concerns, key=lambda c: -c.priority)
    if on_hold:
        assert verdict.scores == {}
        assert sender is not Sender.PATIENT or verdict.disposition is Disposition.ESCALATION


@given(HISTORIES, SENTENCES, SENTENCES)
def test_flags_settings_and_holds_never_lower_a_priority(history: History, first: str, second: str) -> None:
    plain = read(f"{first}. {second}.", replace(history, flags=frozenset(), treated=None, on_hold=False))
    assert read(f"{first}. {second}.", replace(history, on_hold=False)).priority >= plain.priority
    # A score is none in a hold, so that only what was said counts.
    words = [concern.priority for concern in plain.concerns if concern.span is not None]
    assert read(f"{first}. {second}.", replace(history, on_hold=True)).priority >= max(words, default=Priority.NONE)


@given(HISTORIES, st.sampled_from(list(Sender)))
def test_a_crisis_outranks_whatever_else_is_said(history: History, sender: Sender) -> None:
    for text in ("stop, I want to die", "7 but I want to die", "HELP I want to die", "ACK 1 I want to die"):
        verdict = read(text, history, sender)
        assert verdict.reply is ReplyKind.CRISIS
        assert verdict.priority >= Priority.ASAP


def test_a_screen_that_failed_is_never_routine() -> None:
    failed = could_not_screen("it failed")
    verdict = triage(read_reply("7 3"), [failed], Sender.PATIENT, History(), protocol=PROTOCOL, now=NOW)
    assert (verdict.priority, verdict.reply) == (Priority.ASAP, ReplyKind.SOFT)
    assert dict(verdict.scores) == {Measure.MOOD: 7, Measure.PAIN: 3}


def doubted(text: str, history: History, **spans: tuple[int, int]) -> Verdict:
    """The verdict when the words beside these measures' numbers say the opposite."""
    reply = replace(read_reply(text, history.awaiting), disagrees={Measure(m): span for m, span in spans.items()})
    return triage(reply, SCREEN(text), Sender.PATIENT, history, protocol=PROTOCOL, now=NOW)


ASKED = History(awaiting=("mood", "pain"))


@pytest.mark.parametrize(
    ("mood", "priority"), [(9, Priority.ASAP), (1, Priority.ASAP), (8, Priority.URGENT), (6, Priority.ROUTINE)]
)
def test_words_that_say_the_opposite_of_a_number_are_seen_at_the_worse_of_both_readings(
    mood: int, priority: Priority
) -> None:
    verdict = doubted(f"{mood}", ASKED, mood=(0, 1))
    assert verdict.priority == priority
    [inversion] = [concern for concern in verdict.concerns if concern.name == "possible_inversion"]
    assert (inversion.priority, inversion.span) == (priority, (0, 1))
    assert f"Mood {mood} beside words that say the opposite" in inversion.why
    assert verdict.scores == {}
    assert (verdict.reply, verdict.offer) == (ReplyKind.CONFIRM, Offer(Measure.MOOD, Nrs(mood)))


def test_what_was_offered_once_goes_to_a_person() -> None:
    again = replace(ASKED, so_far=SoFar(asked_again=frozenset({Measure.MOOD})))
    for verdict in (doubted("9", again, mood=(0, 1)), read("6-7", again)):
        assert (verdict.reply, verdict.offer, verdict.scores) == (ReplyKind.URGENT, None, {})
        assert verdict.priority >= Priority.ROUTINE


def test_nobody_is_asked_about_a_number_that_nobody_wanted() -> None:
    verdict = read("mood 6-7", History())
    assert (verdict.reply, verdict.offer) == (ReplyKind.URGENT, None)
    assert [concern.name for concern in verdict.concerns] == ["unsure_score"]


@given(st.integers(0, 9), HISTORIES.map(lambda history: replace(history, on_hold=False)))
def test_a_reading_in_doubt_worries_as_much_as_a_sure_one(low: int, history: History) -> None:
    unsure, sure = read(f"mood {low}-{low + 1} pain 3", history), read(f"mood {low} pain 3", history)
    assert unsure.priority >= sure.priority
    assert Measure.MOOD not in unsure.scores


@given(NRS, HISTORIES.map(lambda history: replace(history, on_hold=False)))
def test_a_score_beside_contrary_words_never_worries_less_than_without_them(mood: int, history: History) -> None:
    history = replace(history, awaiting=("mood", "pain"))
    assert doubted(f"mood {mood}", history, mood=(0, 4)).priority >= read(f"mood {mood}", history).priority


SENT = st.lists(
    st.builds(
        CrisisSent,
        at=st.timedeltas(timedelta(0), timedelta(hours=30)).map(lambda ago: NOW - ago),
        full=st.booleans(),
        priority=st.sampled_from([Priority.ASAP, Priority.STAT]),
    ),
    max_size=6,
)


@given(SENT, st.sampled_from([Priority.ASAP, Priority.STAT]))
def test_the_crisis_text_comes_in_full_first_on_every_rise_and_after_a_day(
    sent: list[CrisisSent], priority: Priority
) -> None:
    kind = crisis_reply(priority, sent, RULES, NOW)
    full = [text for text in sent if text.full and NOW - text.at < RULES.full_again]
    if not full or all(text.priority < priority for text in full):
        assert kind is ReplyKind.CRISIS
    elif any(NOW - text.at < RULES.suppress for text in sent) or any(
        not text.full and NOW - text.at < RULES.repeat for text in sent
    ):
        assert kind is ReplyKind.NOTHING
    else:
        assert kind is ReplyKind.CRISIS_REPEAT


@pytest.mark.parametrize(
    ("missed", "flags", "last_mood", "priority"),
    [
        (1, frozenset(), None, None),
        (2, frozenset(), None, Priority.ROUTINE),
        (1, frozenset(), Nrs(3), Priority.ROUTINE),
        (1, frozenset({"si_baseline"}), Nrs(8), Priority.URGENT),
        (0, frozenset({"si_baseline"}), None, None),
    ],
)
def test_silence_is_a_signal(
    missed: int, flags: frozenset[str], last_mood: Nrs | None, priority: Priority | None
) -> None:
    history = History(flags=flags, last_mood=last_mood)
    concern: Concern | None = silence(Missed(missed, next_day=True), history, PROTOCOL.thresholds)
    assert (concern.priority if concern else None) == priority


SIGNALS = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(hours=30)) | st.timedeltas(timedelta(0), timedelta(minutes=70)),
        st.sampled_from([Priority.ASAP, Priority.STAT]),
    ),
    min_size=1,
    max_size=25,
)


@given(SIGNALS)
def test_over_every_course_of_a_crisis_the_text_comes_as_often_as_it_should(
    signals: list[tuple[timedelta, Priority]],
) -> None:
    """In full on the first signal, on any rise and after a day; else nothing for minutes, then short, once an hour."""
    now, sent = NOW, list[CrisisSent]()
    for gap, priority in signals:
        now += gap
        kind = crisis_reply(priority, sent, RULES, now)
        since = [text for text in sent if text.full and now - text.at < RULES.full_again]
        first_or_rise = not since or priority > max(text.priority for text in since)
        assert (kind is ReplyKind.CRISIS) == first_or_rise
        recent = any(now - text.at < RULES.suppress for text in sent)
        if not first_or_rise and recent:
            assert kind is ReplyKind.NOTHING
        if kind is not ReplyKind.NOTHING:
            sent.append(CrisisSent(now, kind is ReplyKind.CRISIS, priority))
    short = [text.at for text in sent if not text.full]
    assert all(later - earlier >= RULES.repeat for earlier, later in pairwise(short))
    assert sent[0].full
