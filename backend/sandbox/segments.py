"""How many SMS parts a body takes: 160/153 septets in GSM-7, 70/67 UTF-16 units in UCS-2."""

from math import ceil

from gsm0338 import Codec

_GSM = Codec()


def count(body: str) -> int:
    """Count the parts of `body`; an empty one still takes one."""
    try:
        return _parts(len(_GSM.encode(body)[0]), alone=160, joined=153)
    except UnicodeEncodeError:
        return _parts(len(body.encode("utf-16-be", "surrogatepass")) // 2, alone=70, joined=67)


def _parts(units: int, *, alone: int, joined: int) -> int:
    return 1 if units <= alone else ceil(units / joined)
