"""A phone number, parsed once at the border into E.164."""

import phonenumbers

MAX_LENGTH = 32


class PhoneError(ValueError):
    """The number cannot be one; the message says how to write it, and never repeats the number."""


def parse_phone(raw: str) -> str:
    """The number in E.164 (`+14155550100`).

    Only the form is checked, not whether the number is in service: new area codes appear faster than any table, and the
    carrier tells (21211). Raises `PhoneError`.
    """
    advice = "write the phone number in international form, such as +14155550100"
    text = raw.strip()
    if not text.startswith("+") or len(text) > MAX_LENGTH:
        raise PhoneError(advice)
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        raise PhoneError(advice) from error
    if not phonenumbers.is_possible_number(parsed):
        raise PhoneError(advice)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def as_dialled(written: str, country: str) -> str:
    """A number as people of this country write it, in E.164; what is none stays as it is."""
    try:
        parsed = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return written
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def for_reading(e164: str) -> str:
    """The number as a person in its country writes it, digits and dashes only (`415-555-0100`); "" for none."""
    if not e164:
        return ""
    national = phonenumbers.format_number(phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.NATIONAL)
    kept = "".join(character if character.isdigit() else " " for character in national)
    return "-".join(kept.split())


def calling_code(e164: str) -> str:
    """The country calling code without a plus: `1` for North America."""
    return str(phonenumbers.parse(e164).country_code)
