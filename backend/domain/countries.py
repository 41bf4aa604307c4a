"""Countries as they come in, and whose country a phone number surely is of."""

import phonenumbers

from backend.domain.phone import calling_code
from backend.domain.protocol import CrisisPack

_ALSO_CALLED = {"UK": "GB"}


def as_country(raw: str) -> str:
    """The country's two capital letters; `UK` is what many people call `GB`."""
    code = raw.strip().upper()
    return _ALSO_CALLED.get(code, code)


def region_of(e164: str) -> str | None:
    """The country or territory that this number surely is of; None for those that nobody has."""
    region: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    return region


def number_fault(e164: str, pack: CrisisPack) -> str | None:
    """Why this number cannot be of somebody in the pack's country: the crisis numbers of one country must never go to a
    phone of another. None when it can, as for made-up numbers (555), of which no region is known.
    """
    if calling_code(e164) != pack.calling_code:
        return f"a patient in {pack.country} needs a number that starts with +{pack.calling_code}"
    region = region_of(e164)
    if region in (None, pack.country, *pack.territories):
        return None
    return f"this is a number of {region}, and the patient's country is {pack.country}: correct one of them"
