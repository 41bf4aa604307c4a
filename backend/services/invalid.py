"""Input that cannot be taken: which field, and how to mend it."""

from collections.abc import Mapping


class Invalid(Exception):  # noqa: N818 - named for what the input is
    """Nothing was saved. `faults` maps each field to what to do about it, never repeating what was given."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {fault}" for field, fault in faults.items()))
        self.faults = dict(faults)


class NotFound(Exception):  # noqa: N818 - named for what it is
    """No such row in this clinic."""


class Conflict(Exception):  # noqa: N818 - named for what it is
    """The row is no longer in a state where this can be done; the message says which."""
