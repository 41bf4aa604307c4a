"""A country's pack: every text with a number carries that country's, all of them and no other's, or nothing starts."""

import re
from pathlib import Path

import pytest

from backend.domain.texts import CRISIS_TEXTS, MOST_SEPTETS, REQUIRED, first_part, septets
from config.loading import UnsignedError, load_signed, pin
from tests.town import signed_files

SIGNED = signed_files()
# The clinical notes, 4a: emergency and crisis line of each country.
NUMBERS = {
    "US": ("911", "988"),
    "CA": ("911", "988"),
    "GB": ("999", "111"),
    "IE": ("112", "116 123"),
    "AU": ("000", "13 11 14"),
    "NZ": ("111", "1737"),
}
NAMED_IN_US = {name for name, words in SIGNED.texts.by_language["en"].items() if "911" in words or "988" in words}


def test_there_is_a_pack_for_each_country_of_the_clinical_notes() -> None:
    assert {pack.country: (pack.emergency, pack.crisis_line) for pack in SIGNED.packs.values()} == NUMBERS


@pytest.mark.parametrize("country", NUMBERS)
@pytest.mark.parametrize("name", sorted(NAMED_IN_US))
def test_every_text_with_a_number_carries_its_own_countrys_and_no_others(country: str, name: str) -> None:
    pack = SIGNED.packs[country]
    for language in pack.languages:
        words = SIGNED.texts.templates(country, language)[name]
        assert pack.emergency in words
        assert pack.crisis_line in words or name in ("medical", "neutral")
        called = set(re.findall(r"\d[\d ]*\d", words)) - {"10", "24"}
        assert called <= set(pack.numbers), called


@pytest.mark.parametrize("country", NUMBERS)
@pytest.mark.parametrize("name", CRISIS_TEXTS)
def test_whoever_gets_only_the_first_part_of_a_crisis_text_finds_both_numbers(country: str, name: str) -> None:
    for language in SIGNED.packs[country].languages:
        words = SIGNED.texts.render(
            name, language, country=country, clinic="Twenty-three characters", phone="+14155550100"
        )
        assert (septets(words) or 999) <= MOST_SEPTETS
        assert all(number in first_part(words) for number in NUMBERS[country])


def test_the_texts_of_the_united_states_are_those_of_the_language_files() -> None:
    for language, named in SIGNED.texts.by_language.items():
        assert SIGNED.texts.templates("US", language) == named
        assert set(named) == REQUIRED


def test_a_language_that_a_country_has_no_texts_in_is_answered_with_its_own_numbers() -> None:
    assert SIGNED.texts.templates("NZ", "es") == SIGNED.texts.templates("NZ", "en")


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        (
            "crisis/nz.toml",
            "\nhelp = ",
            "\n# help = ",
            "crisis/nz.toml: [texts.en] lacks `help`, which carries numbers",
        ),
        (
            "crisis/ca.toml",
            "\nstop = ",
            "\n# stop = ",
            "crisis/ca.toml: [texts.en] lacks `stop`, which carries numbers",
        ),
        ("crisis/gb.toml", "in danger call 999", "in danger call 911", "`neutral` lacks 999"),
        (
            "crisis/gb.toml",
            "in danger call 999",
            "in danger call 999 or 911",
            "`neutral` carries 911, which is another",
        ),
        ("crisis/au.toml", "Emergency 000, crisis 13 11 14", "Emergency 000", "`prompt_mood` lacks 13 11 14"),
        (
            "crisis/ie.toml",
            "112 or 999, crisis",
            "112 or 999 or 1800, crisis",
            "carries 1800, which is no number of IE",
        ),
        (
            "crisis/ie.toml",
            "Thank you for telling us.",
            "Thank you for telling us. " + "We hear you. " * 3,
            "first part",
        ),
        ("crisis/ie.toml", "neutral = ", "natural = ", "`natural` is no text of ours"),
        ("crisis/nz.toml", 'languages = ["en"]', 'languages = ["en", "mi"]', "there are no texts in `mi`"),
        ("crisis/nz.toml", 'reach = "', 'how = "', "crisis/nz.toml: lacks 'reach'"),
        ("texts/en.toml", "after your sessions", "after your ketamine", "`welcome` says `ketamine`"),
        ("crisis/gb.toml", "after your sessions", "after your infusions", "`welcome` says `infusions`"),
        ("texts/es.toml", "tras sus sesiones", "para su depresión", "`welcome` says `depresion`"),
        ("texts/en.toml", "home safe?", "home safe, no suicidal thoughts?", "`prompt_safety` says `suicidal`"),
        ("texts/es.toml", "efectos secundarios", "síntomas", "`ask_side_effects` has a character outside GSM-7"),
    ],
)
def test_a_text_that_would_send_somebody_elsewhere_or_tell_too_much_stops_the_start(
    folder: Path, name: str, old: str, new: str, fault: str
) -> None:
    words = (folder / name).read_text(encoding="utf-8")
    assert old in words
    (folder / name).write_text(words.replace(old, new, 1), encoding="utf-8")
    pin(folder)
    with pytest.raises(UnsignedError) as refused:
        load_signed(folder)
    assert any(fault in found for found in refused.value.faults), refused.value.faults


def test_without_the_country_that_the_texts_are_written_for_nothing_starts(folder: Path) -> None:
    (folder / "crisis" / "us.toml").unlink()
    pin(folder)
    with pytest.raises(UnsignedError) as refused:
        load_signed(folder)
    assert "crisis/us.toml: missing; the texts carry its numbers" in refused.value.faults
