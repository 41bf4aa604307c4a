"""Every fact in a reply is read, none hides another, and nothing is stored that was only guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    assert not any(reading.sure for reading in read_reply(text).scores.values())


def test_of_a_range_it_reads_the_more_worrying_end() -> None:
    assert values(read_reply("6-7", ("mood",))) == {"mood": 6}
    assert values(read_reply("6-7", ("pain",))) == {"pain": 7}


def test_it_binds_a_bare_number_to_what_was_asked() -> None:
    assert values(read_reply("7", ("pain",))) == {"pain": 7}
    assert values(read_reply("7", ())) == {}
    assert read_reply("7", ()).words


def test_it_knows_where_it_read_a_score() -> None:
    text = "Ánimo: siete, dolor 8/10"
    reply = read_reply(text)
    assert [text[slice(*reply.scores[measure].span)] for measure in (Measure.MOOD, Measure.PAIN)] == ["siete", "8/10"]


def test_a_score_does_not_hide_the_words_beside_it() -> None:
    reply = read_reply("0 im done")
    assert values(reply) == {"mood": 0}
    assert reply.words


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
    ],
)
def test_it_hears_any_reasonable_wish_to_stop(text: str) -> None:
    assert read_reply(text).opts_out


@pytest.mark.parametrize(
    "text",
    ["it won't stop hurting", "I can't stop crying", "please stop the pain", "7", "stop the pain", "when does it stop"],
)
def test_it_takes_no_complaint_for_an_opt_out(text: str) -> None:
    assert not read_reply(text).opts_out


def test_an_opt_out_does_not_hide_what_else_was_said() -> None:
    assert read_reply("stop. I want to die").words
    assert not read_reply("please stop texting me").words


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


@pytest.mark.parametrize("seed", ["7 ", "7 out of ", "mood ", "mood 7 ", "6-", "1,", "1.1", "stop ", "a"])
def test_it_reads_a_hundred_thousand_characters(seed: str) -> None:
    assert isinstance(read_reply((seed * 100_000)[:100_000]), Reply)


@pytest.mark.parametrize("number", range(11))
def test_every_score_is_read_alone(number: int) -> None:
    assert values(read_reply(str(number), ("mood",))) == {"mood": number}
