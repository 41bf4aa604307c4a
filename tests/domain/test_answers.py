"""Which check-in a text answers, and what its numbers come to: taken, corrected, offered or left to a person."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.answers import (
    LANDING,
    Corrects,
    Offer,
    OfferState,
    Prompted,
    Said,
    SoFar,
    Taken,
    read_answer,
    read_aside,
    read_in_turn,
    take,
    which_answered,
)
from backend.domain.scores import Measure, Nrs
from backend.domain.texts import CONFIRM_TEXTS, SEPTETS_ALONE, faults_of, septets, texts_of
from tests.town import signed_files

NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)
MOOD, PAIN = Measure.MOOD, Measure.PAIN
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
NUMBERS = st.sampled_from(
    ["7", "3", "mood 4", "pain 9", "8 2", "6-7", "I meant 5", "sorry, 2", "0", "ten", "yes", "no"]
)
TEXTS = NUMBERS | st.text(max_size=80)
ASKS = st.sampled_from(
    [("mood", "pain"), ("pain", "mood"), ("mood",), ("mood", "pain", "side_effects"), ("safety",), ()]
)
GIVEN = st.dictionaries(st.sampled_from(list(Measure)), st.integers(0, 10).map(Nrs))
SO_FAR = st.builds(
    SoFar,
    given=GIVEN,
    offered=st.none() | st.builds(Offer, st.sampled_from(list(Measure)), st.integers(0, 10).map(Nrs)),
)


def prompted(
    out_ago: timedelta | None,
    arrived_ago: timedelta | None = None,
    *,
    complete: bool = False,
    answer_in: timedelta = HOUR,
) -> Prompted:
    out_at = None if out_ago is None else NOON - out_ago
    return Prompted(out_at, None if arrived_ago is None else NOON - arrived_ago, NOON + answer_in, complete)


@pytest.mark.parametrize(
    ("prompts", "answered"),
    [
        ([], None),
        ([prompted(None)], None),  # waits here, or got lost
        ([prompted(-SECOND)], None),  # sent after the text
        ([prompted(HOUR, HOUR)], 0),
        ([prompted(HOUR, HOUR, complete=True)], 0),  # for a correction
        ([prompted(None), prompted(DAY, DAY)], 1),
        ([prompted(-SECOND), prompted(3 * DAY, answer_in=-DAY)], 1),  # expired, but the only one there was
        ([prompted(MINUTE, MINUTE), prompted(DAY, DAY)], 0),
        ([prompted(MINUTE), prompted(DAY, DAY)], 1),  # nobody knows yet that the new one arrived
        ([prompted(MINUTE, -MINUTE), prompted(DAY, DAY)], 1),  # it arrived after the text
        ([prompted(LANDING), prompted(DAY, DAY)], 0),
        ([prompted(MINUTE), prompted(DAY, DAY, complete=True)], 0),
        ([prompted(MINUTE), prompted(3 * DAY, 3 * DAY, answer_in=-DAY)], 0),
    ],
)
def test_a_text_answers_the_newest_prompt_that_could_have_been_read(
    prompts: list[Prompted], answered: int | None
) -> None:
    assert which_answered(prompts, NOON) == answered


@pytest.mark.parametrize(
    ("text", "agrees"),
    [
        ("yes", True), ("Sí", True), ("yeah that's right", True), ("OK thanks", True), ("correct.", True), ("y", True),
        ("no", False), ("nope", False), ("that is not right", False), ("no gracias", False), ("wrong", False),
        ("yes?", None), ("yes but I want to die", None), ("no idea", None), ("6", None), ("", None), ("maybe", None),
        ("yes " * 40, None),
    ],
)  # fmt: skip
def test_it_hears_yes_and_no_only_when_nothing_else_is_said(text: str, *, agrees: bool | None) -> None:
    assert read_aside(text).agrees is agrees


@pytest.mark.parametrize(
    ("text", "corrects"),
    [
        ("I meant 5", Corrects.SURELY), ("5 I meant", Corrects.SURELY), ("no wait 5", Corrects.SURELY),
        ("*5", Corrects.SURELY), ("quise decir 5", Corrects.SURELY), ("digo 5", Corrects.SURELY),
        ("sorry 5", Corrects.MAYBE),
        ("5, sorry", Corrects.MAYBE), ("5", Corrects.NO), ("sorry", Corrects.NO), ("7 no wait 8", Corrects.NO),
    ],
)  # fmt: skip
def test_it_hears_what_takes_a_score_back(text: str, corrects: Corrects) -> None:
    assert read_aside(text).corrects is corrects


def taken(
    text: str, awaiting: tuple[str, ...], given_before: Mapping[Measure, Nrs], offered: Offer | None = None
) -> Taken:
    so_far = SoFar(given_before, offered)
    reply, aside = read_answer(text, awaiting, so_far)
    return take(reply, aside, awaiting, so_far)


def test_a_correction_replaces_what_was_given_last() -> None:
    both = {MOOD: Nrs(7), PAIN: Nrs(3)}
    assert taken("I meant 5", (), both).scores == {PAIN: 5}
    assert taken("I meant 5", (), both).corrected == {PAIN}
    assert taken("sorry, 6 4", (), both).scores == {MOOD: 6, PAIN: 4}
    assert taken("sorry mood 6", (), both).corrected == {MOOD}
    assert taken("sorry 5 my dog died", (), both).scores == {}
    assert taken("sorry 5", ("pain",), {MOOD: Nrs(7)}).doubts == {PAIN: 5}
    assert taken("sorry, pain 5", ("pain",), {MOOD: Nrs(7)}).scores == {PAIN: 5}


def test_an_offer_ends_with_yes_no_or_a_number() -> None:
    six = Offer(MOOD, Nrs(6))
    assert taken("yes", ("mood", "pain"), {}, six).scores == {MOOD: 6}
    assert taken("no", ("mood", "pain", "side_effects"), {}, six).settled is OfferState.REFUSED
    assert taken("7", ("mood", "pain"), {}, six).settled is OfferState.REPLACED
    assert taken("6", ("mood", "pain"), {}, six).settled is OfferState.CONFIRMED
    assert taken("6-7", ("mood", "pain"), {}, six).settled is OfferState.UNCLEAR
    assert taken("what?", ("mood", "pain"), {}, six).settled is None


@given(TEXTS, ASKS, SO_FAR)
def test_nothing_that_is_in_doubt_is_stored(text: str, asks: tuple[str, ...], so_far: SoFar) -> None:
    awaiting = tuple(item for item in asks if item not in so_far.given)
    reply, aside = read_answer(text, awaiting, so_far)
    result = take(reply, aside, awaiting, so_far)
    assert not result.scores.keys() & result.doubts.keys()
    assert all(0 <= value <= 10 for value in result.scores.values())
    assert result.corrected <= result.scores.keys() & so_far.given.keys()
    assert not result.corrected & result.unasked
    for measure, reading in reply.scores.items():
        assert reading.sure or measure not in result.scores


@given(st.lists(TEXTS, max_size=4), ASKS)
def test_texts_in_turn_give_one_score_a_measure_of_what_was_asked(bodies: list[str], asks: tuple[str, ...]) -> None:
    said = [Said(UUID(int=n), body, NOON + n * MINUTE, {}) for n, body in enumerate(bodies)]
    told = read_in_turn(asks, said, {}).told
    assert told.keys() <= set(asks)
    assert {score.text for score in told.values()} <= {text.id for text in said}


@given(st.integers(0, 10), st.integers(0, 10))
def test_two_numbers_are_the_same_two_scores_in_whatever_order_they_are_read(mood: int, pain: int) -> None:
    """PEERS 18: the order they were sent decides, not the order they were understood."""
    texts = [Said(UUID(int=n), str(value), NOON + n * MINUTE, {}) for n, value in enumerate((mood, pain))]
    for understood in permutations(texts):
        told = read_in_turn(("mood", "pain"), sorted(understood, key=lambda text: text.at), {}).told
        assert {measure: score.value for measure, score in told.items()} == {MOOD: mood, PAIN: pain}


def faults(**changed: str) -> list[str]:
    texts, us = signed_files().texts, signed_files().packs["US"]
    english = dict(texts.by_language["en"]) | changed
    return faults_of(texts_of({"en": english}, texts.staff, [us]), us, clinic="Clinic", phone="+14155550100")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", CONFIRM_TEXTS)
@pytest.mark.parametrize("score", range(11))
def test_every_question_that_offers_a_number_can_be_sent_and_asks_for_no_keyword(
    language: str, name: str, score: int
) -> None:
    words = signed_files().texts.render(
        name, language, country="US", clinic="C", phone="+14155550100", score=Nrs(score)
    )
    assert (septets(words) or 999) <= SEPTETS_ALONE
    assert f" {score} " in words
    assert not {"yes", "stop", "start", "si", "help"} & set(words.lower().replace(",", " ").split())


def test_a_question_that_offers_no_number_or_a_number_elsewhere_is_refused() -> None:
    assert faults() == []
    assert any("`confirm_mood` does not offer the number" in fault for fault in faults(confirm_mood="Which one?"))
    assert any(
        "`confirm_pain` has a character outside GSM-7" in fault for fault in faults(confirm_pain="¿{score} así?")
    )
    assert any("more than" in fault for fault in faults(confirm_pain="{score}" + "x" * 306))
    assert any("`thanks` has a field other than" in fault for fault in faults(thanks="{score}"))
