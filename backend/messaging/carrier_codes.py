"""What each of the carrier's error codes means for a text (TWILIO.md 3.2)."""

from enum import StrEnum


class Class(StrEnum):
    """How a refused or failed text is treated."""

    RETRY = "retry"  # surely not taken; the same text may go later
    PERMANENT = "permanent"  # this recipient cannot be reached by text; a person must know
    OPTED_OUT = "opted_out"  # the recipient opted out at the carrier
    CONFIGURATION = "configuration"  # no text can go until somebody mends the account
    AMBIGUOUS = "ambiguous"  # may have been taken; look it up first


_CLASSES = {
    Class.RETRY: (20429, 21611, 30001, 30003, 30008, 30022, 30023, 30450),
    Class.OPTED_OUT: (21610,),
    Class.CONFIGURATION: (
        20003, 20005, 21212, 21408, 21602, 21603, 21604, 21606, 21608, 21617, 21703, 21704, 21705,
        30002, 30024, 30032, 30033, 30034, 30035, 90007,
    ),
    Class.AMBIGUOUS: (20500, 20503, 30410, 30500),
    Class.PERMANENT: (21211, 21612, 21614, 21635, 30004, 30005, 30006, 30007, 30036),
}  # fmt: skip
_BY_CODE = {code: kind for kind, codes in _CLASSES.items() for code in codes}

HTTP_TOO_MANY = 429
HTTP_SERVER_ERROR = 500


def class_of(code: int | None) -> Class:
    """The class of an error code. One we do not know is final and seen by a person, never resent by itself."""
    return _BY_CODE.get(code or 0, Class.PERMANENT)


def class_of_answer(status: int, code: int | None) -> Class:
    """The class of a refused request: a known code decides, then the HTTP status."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status == HTTP_TOO_MANY:
        return Class.RETRY
    return Class.AMBIGUOUS if status >= HTTP_SERVER_ERROR else Class.PERMANENT
