"""Whose country a number is of, and what no lock screen may show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.countries import as_country, number_fault
from backend.domain.discretion import disclosures
from backend.domain.phone import as_dialled, parse_phone
from backend.domain.texts import SEPTETS_A_PART, first_part, name_faults, septets
from tests.town import signed_files

PACKS = signed_files().packs


@pytest.mark.parametrize(("raw", "country"), [("uk", "GB"), (" UK ", "GB"), ("gb", "GB"), ("US", "US"), ("xx", "XX")])
def test_a_country_is_two_letters_and_uk_is_gb(raw: str, country: str) -> None:
    assert as_country(raw) == country


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("US", "+14152345678"), ("US", "+15555550120"), ("CA", "+15555550120"), ("CA", "+14162345678"),
        ("US", "+17872345678"),  # Puerto Rico
        ("GB", "+447400123456"), ("GB", "+447700900123"), ("IE", "+353851234567"), ("AU", "+61412345678"),
        ("AU", "+61891641234"),  # Christmas Island
        ("NZ", "+6421234567"),
    ],
)  # fmt: skip
def test_a_number_of_the_country_or_of_nobody_passes(country: str, number: str) -> None:
    assert number_fault(number, PACKS[country]) is None


@pytest.mark.parametrize(
    ("country", "number", "fault"),
    [
        ("US", "+14162345678", "a number of CA"),
        ("CA", "+14152345678", "a number of US"),
        ("US", "+18682345678", "a number of TT"),
        ("GB", "+441534123456", "a number of JE"),
        ("US", "+447400123456", "starts with +1"),
        ("NZ", "+61412345678", "starts with +64"),
    ],
)
def test_a_number_that_is_surely_of_another_country_is_refused(country: str, number: str, fault: str) -> None:
    assert fault in (number_fault(number, PACKS[country]) or "")


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("(415) 555-0123", "US", "+14155550123"),
        ("1 415 555 0123", "US", "+14155550123"),
        ("07400 123456", "GB", "+447400123456"),
        ("085 123 4567", "IE", "+353851234567"),
        ("0412 345 678", "AU", "+61412345678"),
        ("021 234 567", "NZ", "+6421234567"),
        ("+44 7400 123456", "US", "+447400123456"),
        ("call me", "US", "call me"),
    ],
)
def test_a_number_is_taken_as_people_of_the_country_write_it(written: str, country: str, number: str) -> None:
    assert as_dialled(written, country) == number


@given(st.text(max_size=40), st.sampled_from(sorted(PACKS)))
def test_whatever_is_written_is_a_number_or_stays_for_the_check(written: str, country: str) -> None:
    number = as_dialled(written, country)
    assert number == written or parse_phone_or_none(number) in (number, None)


def parse_phone_or_none(number: str) -> str | None:
    try:
        return parse_phone(number)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "name",
    [
        "Harbor Ketamine Clinic", "KETAMINA Centro", "Infusion Center", "Bay Psychiatry", "Depression Care",
        "Clínica de la Depresión", "Spravato House", "Mental Health West", "Bipolar Centre", "PTSD Clinic",
        "Suicide Prevention", "Low Dose Clinic",
    ],
)  # fmt: skip
def test_a_name_that_tells_what_a_clinic_does_is_not_for_texts(name: str) -> None:
    [fault] = name_faults(name)
    assert "give the clinic a neutral name" in fault


@pytest.mark.parametrize("name", ["Harbor Clinic", "Ridge Clinic", "Clínica del Mar", "Mar Vista Care", "Dosewell"])
def test_a_neutral_name_may_be_sent(name: str) -> None:
    assert name_faults(name) == []


def test_only_a_crisis_text_may_name_suicide() -> None:
    assert disclosures("988 Suicide Lifeline") == ["suicide"]
    assert disclosures("988 Suicide Lifeline", in_crisis=True) == []


@given(st.text("abc {}[]~é€ 0123456789", max_size=400))
def test_the_first_part_is_what_one_sms_part_holds(text: str) -> None:
    part = first_part(text)
    assert text.startswith(part)
    size = septets(part) or 0
    if part == text:
        assert (septets(text) or 0) <= SEPTETS_A_PART + 7
    else:
        assert SEPTETS_A_PART - 1 <= size <= SEPTETS_A_PART
