"""Every fact in a reply is read, none hides another, and nothing is stored that was only guessed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.reading.answer_words import word_set
from backend.domain.reading.scores.vocabulary import NUMERALS
from backend.domain.replies import Acknowledge, Keyword, Reply, read_reply
from backend.domain.scores import Measure
from tests.domain.reading import rows

CORPUS = rows("scores.csv")
AWAITING = st.sampled_from([(), ("mood", "pain"), ("pain",), ("mood",), ("safety",), ("side_effects",)])


def values(reply: Reply) -> dict[str, int]:
    return {measure.value: int(reading.value) for measure, reading in reply.scores.items()}


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: f"{row['text']}|{row['awaiting']}")
def test_it_reads_our_own_corpus(row: dict[str, str]) -> None:
    reply = read_reply(row["text"], tuple(row["awaiting"].split()))
    expected = {measure: int(row[measure]) for measure in ("mood", "pain") if row[measure]}
    assert values(reply) == expected
    assert reply.words is (row["words"] == "yes")
    assert all(reading.sure for reading in reply.scores.values()) is (row["sure"] != "no")


def test_our_own_corpus_is_no_small_one() -> None:
    assert len(CORPUS) >= 300
    assert sum(not row["mood"] and not row["pain"] for row in CORPUS) >= 100


def test_it_reads_several_answers_in_one_reply() -> None:
    """PEERS 22."""
    assert values(read_reply("7/10, pain's a 3")) == {"mood": 7, "pain": 3}


@pytest.mark.parametrize(
    "text", ["7 3 5", "I have 2 kids and 3 dogs", "call 555 0123", "room 7", "took 5 mg", "9/10/2024"]
)
def test_it_refuses_a_number_with_junk_beside_it(text: str) -> None:
    """PEERS 23: "has a number" is not an answer."""
    reply = read_reply(text)
    assert values(reply) == {}
    assert reply.words


@pytest.mark.parametrize("text", ["6-7", "6 or 7", "7.5", "7ish", "between 6 and 7", "7?", "7+"])
def test_it_is_not_sure_of_a_range(text: str) -> None:
    scores = read_reply(text, ("pain",)).scores
    assert scores
    assert not any(reading.sure for reading in scores.values())


def test_of_a_range_it_reads_the_more_worrying_end() -> None:
    assert values(read_reply("6-7", ("mood",))) == {"mood": 6}
    assert values(read_reply("6-7", ("pain",))) == {"pain": 7}


def test_it_binds_a_bare_number_to_what_was_asked() -> None:
    assert values(read_reply("7", ("pain",))) == {"pain": 7}
    assert values(read_reply("7", ())) == {}
    assert read_reply("7", ()).words


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("I'd say 7 out of 10, thanks", "7 out of 10"),
        ("💊💊💊💊 6 or 7 👍", "6 or 7"),
        ("was 9 now 2", "2"),
        ("siete y medio", "siete y medio"),
        ("hoy, 7½ más o menos", "7½"),
        ("７", "７"),
        ("7️⃣", "7"),
        ("seven!!", "seven"),
        ("sevem", "sevem"),
    ],
)
def test_a_span_quotes_the_number_as_it_was_sent(text: str, quoted: str) -> None:
    (reading,) = read_reply(text, ("pain",)).scores.values()
    assert text[slice(*reading.span)] == quoted


def test_it_knows_where_it_read_a_score() -> None:
    text = "Ánimo: siete, dolor 8/10"
    reply = read_reply(text)
    assert [text[slice(*reply.scores[measure].span)] for measure in (Measure.MOOD, Measure.PAIN)] == ["siete", "8/10"]


def test_a_score_does_not_hide_the_words_beside_it() -> None:
    reply = read_reply("0 im done")
    assert values(reply) == {"mood": 0}
    assert reply.words


@pytest.mark.parametrize(
    ("text", "awaiting", "measure", "quoted"),
    [
        ("9 worst day ever", ("mood",), Measure.MOOD, "worst day ever"),
        ("10, feeling terrible", ("mood",), Measure.MOOD, "terrible"),
        ("mood 9 and awful", (), Measure.MOOD, "awful"),
        ("1! best day in years", ("mood",), Measure.MOOD, "best day"),
        ("0 feeling good", ("mood",), Measure.MOOD, "feeling good"),
        ("2, amazing", ("mood",), Measure.MOOD, "amazing"),
        ("9, me siento muy mal", ("mood",), Measure.MOOD, "muy mal"),
        ("1 excelente día", ("mood",), Measure.MOOD, "excelente"),
        ("9 barely hurts", ("pain",), Measure.PAIN, "barely hurts"),
        ("10, no pain", ("pain",), Measure.PAIN, "no pain"),
        ("8 sin dolor", ("pain",), Measure.PAIN, "sin dolor"),
        ("9 much better", ("pain",), Measure.PAIN, "much better"),
        ("0 it's unbearable", ("pain",), Measure.PAIN, "unbearable"),
        ("1, my back is killing me", ("pain",), Measure.PAIN, "killing me"),
        ("2 insoportable", ("pain",), Measure.PAIN, "insoportable"),
    ],
)
def test_it_sees_words_that_say_the_opposite_of_the_number(
    text: str, awaiting: tuple[str, ...], measure: Measure, quoted: str
) -> None:
    """Mood and pain run opposite ways: a patient who turns one round says so in words."""
    disagrees = read_reply(text, awaiting).disagrees
    assert {each: text[slice(*span)] for each, span in disagrees.items()} == {measure: quoted}


@pytest.mark.parametrize(
    ("text", "awaiting"),
    [
        ("9 feeling great", ("mood",)),
        ("2 not great", ("mood",)),
        ("9 not bad", ("mood",)),
        ("9 not terrible", ("mood",)),
        ("1 isn't great", ("mood",)),
        ("5 terrible", ("mood",)),
        ("0 no pain", ("pain",)),
        ("9 unbearable", ("pain",)),
        ("9 but my pain is terrible", ("mood",)),
        ("9, it was terrible yesterday", ("mood",)),
        ("1 in great pain", ("mood",)),
        ("mood 9 pain 8, terrible pain", ()),
        ("worst day ever", ("mood",)),
        ("1 nada excelente", ("mood",)),
        ("7", ("mood",)),
    ],
)
def test_it_suspects_no_swap_where_words_and_number_agree(text: str, awaiting: tuple[str, ...]) -> None:
    assert not read_reply(text, awaiting).disagrees


@pytest.mark.parametrize(
    "word", ["STOP", "stopall", "Unsubscribe", "CANCEL", "end", "Quit!", "REVOKE", "optout", " stop. "]
)
def test_it_hears_stop(word: str) -> None:
    reply = read_reply(word)
    assert reply.keyword is Keyword.STOP
    assert reply.keyword_word == word.strip(" .!").upper()
    assert not reply.words


@pytest.mark.parametrize(
    ("word", "keyword"),
    [("start", Keyword.START), ("UNSTOP", Keyword.START), ("help", Keyword.HELP), ("INFO", Keyword.HELP)],
)
def test_it_hears_start_and_help(word: str, keyword: Keyword) -> None:
    assert read_reply(word).keyword is keyword


def test_yes_starts_only_when_nothing_was_asked() -> None:
    assert read_reply("YES", ()).keyword is Keyword.START
    assert read_reply("YES").keyword is None


@pytest.mark.parametrize("text", ["help me", "stop please", "the end", "I quit my job", "cancel culture"])
def test_a_keyword_is_a_whole_message(text: str) -> None:
    assert read_reply(text).keyword is None


@pytest.mark.parametrize(
    "text",
    [
        "please stop texting me",
        "STOP. I want to die",
        "no mas mensajes",
        "No más mensajes por favor",
        "unsubscribe me",
        "take me off your list",
        "don't text me",
        "stop now please",
        "I want to opt out",
        "dejen de mandarme mensajes",
        "no more messages",
        "I don't want these anymore",
        "I no longer want to receive these",
        "leave me alone",
        "remove my number",
        "don't send me any more texts",
        "do not text me again",
        "stop the check-ins",
        "wrong person stop",
        "please cancel these messages",
        "stopp",
        "7 3 stop",
        "quita mi número",
        "ya no me manden mensajes",
        "no quiero más mensajes",
        "ya no quiero recibir mensajes",
        "quíteme de la lista",
        "deje de escribirme",
        "basta de mensajes",
    ],
)
def test_it_hears_any_reasonable_wish_to_stop(text: str) -> None:
    assert read_reply(text).opts_out


@pytest.mark.parametrize(
    "text",
    [
        "it won't stop hurting",
        "I can't stop crying",
        "please stop the pain",
        "7",
        "stop the pain",
        "when does it stop",
        "make it stop",
        "make it stop please",
        "I want it to stop",
        "should I stop taking my meds",
        "stop my medication?",
        "cancel my appointment",
        "I want to end it",
        "I don't want to text you how bad it is",
        "I don't get your messages",
        "don't send me to the hospital",
        "no more",
        "no paro de llorar",
        "parar de llorar no puedo",
        "alto dolor",
    ],
)
def test_it_takes_no_complaint_for_an_opt_out(text: str) -> None:
    assert not read_reply(text).opts_out


@pytest.mark.parametrize(
    "text",
    [
        "stop. I want to die",
        "stop I'm all alone",
        "stop, I want to end it",
        "stop I want to leave",
        "no more texts, I can't go on",
        "leave me alone with this pain",
    ],
)
def test_an_opt_out_does_not_hide_what_else_was_said(text: str) -> None:
    assert read_reply(text).opts_out
    assert read_reply(text).words


@pytest.mark.parametrize(
    "text", ["please stop texting me", "take me off your list", "ya no me manden mensajes por favor"]
)
def test_a_mere_opt_out_leaves_nothing_to_read(text: str) -> None:
    assert not read_reply(text).words


def test_no_more_side_effects_after_the_scores_is_an_answer_as_well() -> None:
    everything = ("mood", "pain", "side_effects")
    for text in ("6 4 N", "6 4 no side effects", "mood 6, pain 4. nada"):
        reply = read_reply(text, everything)
        assert values(reply) == {"mood": 6, "pain": 4}
        assert reply.declines
        assert not reply.words
    assert not read_reply("6 no", everything).declines


@pytest.mark.parametrize(
    ("text", "case"),
    [("ACK 12", 12), ("ack12", 12), ("Ack #12", 12), ("ACK", None), (" ack: 7 ", 7), ("acknowledged 3", 3)],
)
def test_it_reads_an_acknowledgement(text: str, case: int | None) -> None:
    assert read_reply(text).acknowledges == Acknowledge(case)


@pytest.mark.parametrize("text", ["back 12", "ack 12 13", "acknowledge my pain", "snack", "ack " + "1" * 40])
def test_it_takes_nothing_else_for_one(text: str) -> None:
    assert read_reply(text).acknowledges is None


@pytest.mark.parametrize(
    ("text", "safe"),
    [("1", True), ("ok", True), ("Yes", True), ("2", False), ("no", False), ("dizzy", None), ("11", None)],
)
def test_it_reads_the_safety_answer(text: str, safe: bool | None) -> None:  # noqa: FBT001 - the expected value
    reply = read_reply(text, ("safety",))
    assert reply.safe is safe
    assert reply.scores == {}
    assert reply.words is (safe is None)


def test_it_reads_no_safety_answer_unasked() -> None:
    assert read_reply("1").safe is None


@pytest.mark.parametrize("text", ["N", "no", "None.", "nada", "No side effects", "no gracias"])
def test_it_reads_that_there_are_no_side_effects(text: str) -> None:
    reply = read_reply(text, ("side_effects",))
    assert reply.declines
    assert not reply.words
    assert not read_reply(text).declines


@pytest.mark.parametrize(
    "text", ["thanks!", "ok", "👍", "Gracias", "thank you so much", "ok thanks 👍🏽", "muchas gracias"]
)
def test_it_lets_politeness_pass(text: str) -> None:
    reply = read_reply(text, ())
    assert reply.courtesy
    assert not reply.words


@pytest.mark.parametrize(
    "text", ["thanks for nothing", "ok?", "ok I guess", "not good", "no thanks to you", "so", "😭"]
)
def test_it_takes_nothing_more_for_politeness(text: str) -> None:
    reply = read_reply(text, ())
    assert not reply.courtesy
    assert reply.words


@pytest.mark.parametrize("text", ["good", "Bien", "great 😀"])
def test_politeness_that_answers_how_one_feels_reaches_a_person(text: str) -> None:
    assert read_reply(text).words
    assert read_reply("thanks").courtesy


def test_it_notices_spanish() -> None:
    assert read_reply("AYUDA").spanish
    assert read_reply("AYUDA").keyword is Keyword.HELP
    assert not read_reply("HELP").spanish


@settings(max_examples=300, deadline=None)
@given(st.text(), AWAITING)
def test_it_never_raises_and_scores_lie_on_the_scale(text: str, awaiting: tuple[str, ...]) -> None:
    reply = read_reply(text, awaiting)
    for reading in reply.scores.values():
        assert 0 <= reading.value <= 10
        assert 0 <= reading.span[0] < reading.span[1] <= len(text)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["7", "3/10", "or", "-", "mood", "pain", "was", "now", "ish", "out of ten", ".", "ten", "of", "at", "to"]
        ),
        max_size=12,
    )
)
def test_it_never_raises_on_what_looks_like_answers(parts: list[str]) -> None:
    for reading in read_reply(" ".join(parts)).scores.values():
        assert 0 <= reading.value <= 10


NUMBERS = st.sampled_from(
    ["7", "3/10", "seven", "tres", "10", "0", "6-7", "7.5", "7,3", "1/2", "11", "-3", "½", "l0", "2day"]
)
OTHERS = st.sampled_from(
    sorted(
        word_set(
            """
            ( ) # * + , - . / : > ? 1) 2) a at ánimo between both dolor dos feel from great ish kids los m mg mood no
            none now of or out p pain please pm scale sin sorry stop ten terrible to took wait was y 😀 7️⃣
            """
        )
    )
)
ANSWERLIKE = st.lists(NUMBERS | OTHERS, max_size=14).map(" ".join) | st.lists(NUMBERS | OTHERS, max_size=14).map(
    "".join
)


def quotes_a_number(words: str) -> bool:
    return any(map(str.isdigit, words)) or "½" in words or bool(WORDS_OF_NUMBERS.search(words.lower()))


WORDS_OF_NUMBERS = re.compile("|".join(NUMERALS))


@settings(max_examples=600, deadline=None)
@given(ANSWERLIKE, AWAITING)
def test_every_score_quotes_its_number(text: str, awaiting: tuple[str, ...]) -> None:
    for reading in read_reply(text, awaiting).scores.values():
        assert 0 <= reading.value <= 10
        quoted = text[slice(*reading.span)]
        assert quotes_a_number(quoted) or "pain" in quoted or "dolor" in quoted or quoted == "none"


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["N"]), max_size=60), AWAITING)
def test_without_a_number_there_is_no_score(text: str, awaiting: tuple[str, ...]) -> None:
    if not quotes_a_number(text):
        assert not any(reading.sure for reading in read_reply(text, awaiting).scores.values())


@settings(max_examples=300, deadline=None)
@given(ANSWERLIKE)
def test_with_nothing_asked_only_named_scores_are_read(text: str) -> None:
    plain = read_reply(text, ())
    if not any(name in text.lower() for name in ("mood", "ánimo", "m", "p", "dolor", "feel", "d")):
        assert not plain.scores


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "\ud800", "7\ud800", "\x00 7 \x00", "\x01", "7\x01", "½", "/10", "-", "out of ten", ":::", "_7_"],
)
def test_it_reads_the_strangest_texts(text: str) -> None:
    assert isinstance(read_reply(text), Reply)


@pytest.mark.parametrize(
    "seed",
    [
        "7 ",
        "7 out of ",
        "mood ",
        "mood 7 ",
        "6-",
        "1,",
        "1.1",
        "stop ",
        "a",
        "-",
        "stop the ",
        "no me de ",
        "😀",
        "\x01",
        "was 9 ",
    ],
)
def test_it_reads_a_hundred_thousand_characters(seed: str) -> None:
    assert isinstance(read_reply((seed * 100_000)[:100_000]), Reply)


@pytest.mark.parametrize("number", range(11))
def test_every_score_is_read_alone(number: int) -> None:
    assert values(read_reply(str(number), ("mood",))) == {"mood": number}
