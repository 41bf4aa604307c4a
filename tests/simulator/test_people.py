"""The town's people are plausible: scores are scores, gains wane, most answer, and their texts are understood."""

from datetime import UTC, datetime, timedelta
from itertools import product
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.replies import read_reply
from backend.domain.scores import Measure
from backend.domain.screening import Screen
from backend.simulator import wordings
from backend.simulator.courses import Course, some_course
from backend.simulator.dice import dice_of
from backend.simulator.phrasebook import Phrasebook
from tests.town import signed_files

TREATED = datetime(2026, 3, 2, 16, tzinfo=UTC)


@given(st.integers(), st.integers(0, 120), st.integers(0, 8))
def test_what_anybody_says_lies_between_0_and_10(seed: int, days: int, treatments: int) -> None:
    dice = dice_of(seed)
    treated = [TREATED + timedelta(days=3 * n) for n in range(treatments)]
    scores = some_course(dice).scores(treated, TREATED + timedelta(days=days), dice)
    assert all(0 <= score <= 10 for score in scores)


def test_a_gain_comes_within_a_day_and_half_of_it_is_gone_after_eighteen_days() -> None:
    course = Course(mood=4, pain=6, gain=4, lasts=18)
    series = [TREATED + timedelta(days=3 * n) for n in range(6)]

    def mood(days: float) -> float:
        at = series[-1] + timedelta(days=days)
        return median(course.scores(series, at, dice_of(n))[0] for n in range(300))

    assert mood(1) == 8
    assert mood(18) == 6
    assert mood(60) == 4


def test_some_do_not_respond_and_some_get_worse() -> None:
    gains = [some_course(dice_of(n)).gain for n in range(2000)]
    assert 0.05 < sum(gain < -0.7 for gain in gains) / len(gains) < 0.11
    assert 0.20 < sum(-0.7 <= gain < 1.2 for gain in gains) / len(gains) < 0.34


@pytest.mark.parametrize("language", ["en", "es"])
def test_nearly_all_their_scores_are_read_as_they_are_meant(language: str) -> None:
    dice, right = dice_of(7), 0
    for _ in range(400):
        mood, pain = dice.randint(0, 10), dice.randint(0, 10)
        reply = read_reply(wordings.both_scores(mood, pain, language, dice))
        read = {measure: int(reading.value) for measure, reading in reply.scores.items()}
        right += read == {Measure.MOOD: mood, Measure.PAIN: pain}
    assert right > 360


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_crisis_and_emergency_of_theirs_worries(language: str) -> None:
    signed = signed_files()
    screen = Screen(signed.lexicons, signed.languages)
    missed = [words for words in wordings.CRISIS[language] + wordings.MEDICAL[language] if not screen(words)]
    assert missed == []


def test_they_know_every_fixed_text_by_its_words() -> None:
    texts = signed_files().texts
    book = Phrasebook(texts)
    known = ("welcome", "prompt_mood", "prompt_safety", "reminder", "ask_pain", "ask_bladder", "crisis")
    for country, languages in texts.by_country.items():
        for language, name in product(languages, known):
            body = texts.render(name, language, country=country, clinic="Harbor Clinic", phone="+14155550199")
            assert book.name_of(body, country, language) == name
    assert book.name_of("Your next visit is booked.", "US", "en") == ""
