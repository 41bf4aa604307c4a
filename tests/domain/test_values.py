"""The small values: numbers, scores, send policies, fixed texts and protocol rows refuse what makes no sense."""

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.outbound import CARRIER_RANK, POLICIES, Kind, State, retry_after, state_of, supersedes
from backend.domain.phone import PhoneError, calling_code, for_reading, parse_phone
from backend.domain.protocol import CheckInRule, Step, Window
from backend.domain.scores import Nrs
from backend.domain.texts import MOST_SEPTETS, faults_of, segments, septets, texts_of
from tests.town import signed_files

TEXTS = signed_files().texts
US = signed_files().packs["US"]
STATUSES = st.sampled_from([*CARRIER_RANK, "receiving", "something new"])


@given(st.text(max_size=40))
def test_any_writing_of_a_number_is_e164_or_refused_without_repeating_it(raw: str) -> None:
    advice, number = "", ""
    try:
        number = parse_phone(raw)
    except PhoneError as refused:
        advice = str(refused)
    if advice:
        assert advice == "write the phone number in international form, such as +14155550100"
        return
    assert number.startswith("+")
    assert number[1:].isdigit()
    assert parse_phone(number) == number


@pytest.mark.parametrize("raw", ["+1 (415) 555-0100", " +14155550100 ", "+1.415.555.0100"])
def test_one_number_has_one_form(raw: str) -> None:
    assert parse_phone(raw) == "+14155550100"
    assert (for_reading("+14155550100"), calling_code("+14155550100")) == ("415-555-0100", "1")


@pytest.mark.parametrize("value", [-1, 11, 7.0, "7", True, None])
def test_a_score_is_a_whole_number_from_0_to_10(value: object) -> None:
    with pytest.raises(ValueError, match="0 to 10"):
        Nrs(value)  # type: ignore[arg-type] # wrong on purpose


@given(st.lists(STATUSES, max_size=12))
def test_a_status_never_goes_back(told: list[str]) -> None:
    kept: str | None = None
    ranks = []
    for status in told:
        kept = status if supersedes(status, kept) else kept
        ranks.append(CARRIER_RANK.get(kept or "", 0))
    assert ranks == sorted(ranks)


def test_what_the_carrier_says_is_never_taken_for_delivered_by_accident() -> None:
    assert {status for status in CARRIER_RANK if state_of(status) is State.DELIVERED} == {"delivered", "read"}
    assert state_of("something new") is State.SENT


@given(st.integers(1, 2000))
def test_retries_slow_down_and_never_stop_for_long(attempts: int) -> None:
    assert timedelta(seconds=2) <= retry_after(attempts) <= timedelta(minutes=5)
    assert retry_after(attempts) <= retry_after(attempts + 1)


def test_what_may_save_a_life_is_never_held_back_and_always_confirmed() -> None:
    for kind in (Kind.CRISIS, Kind.MEDICAL, Kind.PAGE):
        policy = POLICIES[kind]
        assert policy.safety
        assert not policy.initiated
        assert policy.confirm is not None
    assert {kind for kind, policy in POLICIES.items() if policy.initiated} == {
        Kind.PROMPT,
        Kind.REMINDER,
        Kind.WELCOME,
        Kind.NUMBER_CHECK,
    }


@given(st.text(max_size=400))
def test_the_size_of_any_text_can_be_told(text: str) -> None:
    size = septets(text)
    assert size is None or size >= len(text)
    assert segments(text) >= 1


def faults(**changed: str) -> list[str]:
    english = dict(TEXTS.by_language["en"]) | changed
    return faults_of(texts_of({"en": english}, TEXTS.staff, [US]), US, clinic="Clinic", phone="+14155550100")


@pytest.mark.parametrize(
    ("crisis", "fault"),
    [
        ("Call 988. {clinic} {phone}", "lacks 911 in its first part"),
        ("Call 911. {clinic} {phone}", "lacks 988 in its first part"),
        ("x" * 160 + " 911 988", "lacks 911 in its first part"),
        ("911 988 \N{BROKEN HEART}", "outside GSM-7"),
        ("911 988 á", "outside GSM-7"),
        ("911 988 " + "x" * 300, f"more than {MOST_SEPTETS}"),
        ("911 988 {patient}", "a field other than"),
    ],
)
def test_a_crisis_text_that_would_fail_somebody_is_refused(crisis: str, fault: str) -> None:
    assert faults() == []
    assert any("`crisis`" in found and fault in found for found in faults(crisis=crisis))


@given(
    st.sampled_from(["crisis", "crisis_repeat"]),
    st.sampled_from(TEXTS.languages),
    st.text("ABCabc ", min_size=1, max_size=23),
)
def test_both_numbers_stand_in_the_first_part_whatever_the_clinic_is_called(
    name: str, language: str, clinic: str
) -> None:
    words = TEXTS.render(name, language, country="US", clinic=clinic, phone="+14155550100")
    assert (septets(words) or 999) <= MOST_SEPTETS
    assert "988" in words[:153]
    assert "911" in words[:153]


def test_an_unknown_language_is_answered_in_english() -> None:
    assert TEXTS.render("crisis", "tlh", country="US", clinic="C", phone="+14155550100").startswith("Thank you for")


def test_protocol_rows_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="exactly one of"):
        CheckInRule("day_1", ("mood",))
    with pytest.raises(ValueError, match="unknown"):
        CheckInRule("day_1", ("dance",), after_days=1)
    with pytest.raises(ValueError, match="window"):
        Window(time(9), time(9), time(9), time(9))
    with pytest.raises(ValueError, match="positive wait"):
        Step("team", timedelta(0))
