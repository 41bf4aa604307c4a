"""The screen puts every concerning text in front of a person, whatever its spelling, language or company."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.screening import Screen
from tests.domain.reading import CORPUS as FOLDER
from tests.domain.reading import languages, lexicon, rows, screen

CORPUS = rows("concerns.csv")
EVERY_TEXT = sorted({row["text"] for path in FOLDER.rglob("*.csv") for row in rows(str(path))})
ANY_TEXT = st.text(max_size=120)


def worst(text: str, hours: float | None = None) -> Priority:
    concerns = screen()(text, hours_since_treatment=hours)
    return concerns[0].priority if concerns else Priority.NONE


def crisis(text: str) -> bool:
    return any(c.reply is ReplyKind.CRISIS and c.priority >= Priority.ASAP for c in screen()(text))


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: row["text"])
def test_it_reads_our_own_corpus(row: dict[str, str]) -> None:
    concerns = screen()(row["text"])
    if row["expected_priority"] == "none":
        assert concerns == ()
        return
    wanted = Priority.from_label(row["expected_priority"])
    assert any(c.name == row["family"] and c.priority >= wanted and c.reply == row["expected_reply"] for c in concerns)
    if row["expected_reply"] != "crisis":
        assert not crisis(row["text"])


def test_the_corpus_is_large_enough_in_both_languages() -> None:
    assert len(CORPUS) >= 200
    assert {row["lang"] for row in CORPUS} == {"en", "es"}


@pytest.mark.parametrize(
    "text", ["I skilled up", "a skillful nurse", "painkillers", "the diet is going well", "overdue bill"]
)
def test_it_does_not_read_killed_in_skilled(text: str) -> None:
    """PEERS 60."""
    assert not crisis(text)


@pytest.mark.parametrize(
    "text", ["he was my killer, I want to die", "it is over, I took all the pills", "how many pills to die"]
)
def test_it_does_not_lose_words_to_stemming(text: str) -> None:
    """PEERS 60, the other half."""
    assert crisis(text)


@pytest.mark.parametrize("apostrophe", ["'", "\u2019", "\u02bc", "\u2018", "`", ""])
def test_it_reads_every_apostrophe(apostrophe: str) -> None:
    """PEERS 61: the curly apostrophe is the iPhone's default."""
    assert crisis(f"I don{apostrophe}t want to live")
    assert crisis(f"I can{apostrophe}t go on")


@pytest.mark.parametrize(
    ("softer", "crisis_too"),
    [
        ("I'm not suicidal", "I'm not suicidal but I want to disappear"),
        ("my brother is suicidal", "my brother is suicidal and I want to die too"),
        ("I killed myself laughing", "I killed myself laughing. Now I want to die"),
        ("years ago I was suicidal", "years ago I was suicidal and I still am"),
    ],
)
def test_it_tells_denial_others_past_and_idiom_from_danger(softer: str, crisis_too: str) -> None:
    """PEERS 62: softer, never silent; and nothing softer hides the real thing."""
    assert worst(softer) is Priority.URGENT
    assert screen()(softer)[0].reply is ReplyKind.SOFT
    assert crisis(crisis_too)


@pytest.mark.parametrize(
    "text",
    [
        "not suicidal yet but close",
        "not suicidal anymore",
        "I won't kill myself unless it gets worse",
        "not suicidal. But tired",
    ],
)
def test_it_takes_a_denial_back_at_but_unless_and_anymore(text: str) -> None:
    assert crisis(text)


@pytest.mark.parametrize(
    "text", ["I can't stop thinking about killing myself", "I don't know if I want to die", "not sure, suicidal"]
)
def test_it_lets_a_denial_cancel_only_its_own_word(text: str) -> None:
    assert crisis(text)


@pytest.mark.parametrize(
    "text",
    [
        "i want to die 😔",
        "💊💊 goodbye",
        "i want\u200b to di\u00ade",
        "𝐤𝐢𝐥𝐥 𝐦𝐲𝐬𝐞𝐥𝐟",
        "k1ll myself",
        "k i l l myself",
    ],
)
def test_it_reads_through_emoji_and_disguise(text: str) -> None:
    """PEERS 63."""
    assert crisis(text)


def test_it_quotes_the_text_as_sent() -> None:
    text = "Mood 2. I don\u2019t want to líve \U0001f614"
    concern = screen()(text)[0]
    assert concern.span is not None
    assert text[slice(*concern.span)] == concern.quote == "don\u2019t want to líve"


@pytest.mark.parametrize(
    ("hours", "level"),
    [(1.0, "routine"), (4.0, "routine"), (12.0, "urgent"), (24.0, "asap"), (300.0, "asap"), (None, "asap")],
)
def test_it_expects_confusion_only_right_after_a_treatment(hours: float | None, level: str) -> None:
    assert worst("I am hallucinating", hours).label == level


def test_it_does_not_expect_suicidal_thoughts_after_a_treatment() -> None:
    assert worst("I want to die", 1.0) is Priority.STAT


def test_it_reads_both_languages_whatever_the_patient_speaks() -> None:
    assert crisis("quiero morir")
    assert crisis("I want to die")
    assert not Screen([lexicon("en")], languages())("quiero morir")


@pytest.mark.parametrize(
    "text", ["我想死", "хочу умереть", "اريد ان اموت", "죽고 싶어", "7 死にたい", "θέλω να πεθάνω ok"]
)
def test_it_hands_what_it_cannot_read_to_a_person(text: str) -> None:
    concern = screen()(text)[0]
    assert (concern.name, concern.priority, concern.reply) == ("other_language", Priority.URGENT, ReplyKind.SOFT)
    quotes_its_span(concern, text)


@pytest.mark.parametrize("text", ["todo tranquilo, señora Núñez", "Ánimo 7", "ok 👍🏽", "about 5 μg", "𝓰𝓸𝓸𝓭 today"])
def test_it_takes_no_accent_emoji_or_fancy_letter_for_another_language(text: str) -> None:
    assert not any(concern.name == "other_language" for concern in screen()(text))


@pytest.mark.parametrize("text", ["my brother killed himself last year", "years ago my mom died by suicide"])
def test_it_never_passes_over_the_bereaved(text: str) -> None:
    assert (screen()(text)[0].priority, screen()(text)[0].reply) == (Priority.URGENT, ReplyKind.SOFT)


def test_what_is_said_again_neither_hides_nor_changes_the_first() -> None:
    once = screen()("I want to die")
    assert screen()("I want to die" + ". I want to die" * 50) == once


def test_it_needs_a_lexicon() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Screen([], languages())


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "?" * 50, "¿¡", ":::", "$ ^ ~1", "a.b.c.d"])
def test_it_stands_odd_texts(text: str) -> None:
    assert screen()(text) == ()


@pytest.mark.parametrize(
    "seed", ["i ", "suicidal ", "not ", "he ", "k.i.l.l ", "killmyself", "dont want to ", "7 ", "💊", "a*", "\n"]
)
def test_it_reads_a_hundred_thousand_characters(seed: str) -> None:
    """Linear in the length: the time for the whole test is bounded by its size, not by its content."""
    assert isinstance(screen()((seed * 100_000)[:100_000]), tuple)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_it_never_raises(text: str) -> None:
    for concern in screen()(text):
        quotes_its_span(concern, text)


def quotes_its_span(concern: Concern, text: str) -> None:
    assert concern.span is not None
    start, end = concern.span
    assert 0 <= start < end <= len(text)
    assert text[start:end] == concern.quote


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(EVERY_TEXT), ANY_TEXT | st.sampled_from(EVERY_TEXT), st.sampled_from([" . ", "\n", "! "]))
def test_an_added_sentence_never_lowers_the_worst_priority(said: str, added: str, between: str) -> None:
    assert worst(f"{added}{between}{said}") >= worst(said)
    assert worst(f"{said}{between}{added}") >= worst(said)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(EVERY_TEXT), st.sampled_from(EVERY_TEXT))
def test_two_concerns_are_as_bad_as_the_worse(one: str, other: str) -> None:
    assert worst(f"{one} . {other}") >= max(worst(one), worst(other))
