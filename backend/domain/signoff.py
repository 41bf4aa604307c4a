"""Who signed which state of the clinical files."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Signature:
    """A named clinician's signature under one digest of all signed files; `approved_by` is the second pair of eyes."""

    name: str
    licence: str
    signed_on: date
    digest: str
    approved_by: str | None = None

    def __str__(self) -> str:
        approval = f", approved by {self.approved_by}" if self.approved_by else ""
        return f"{self.name}, {self.licence}, {self.signed_on}{approval}"

    @property
    def faults(self) -> list[str]:
        """What keeps this from being anybody's signature."""
        texts = {"name": self.name, "licence": self.licence, "digest": self.digest}
        if self.approved_by is not None:
            texts["approved_by"] = self.approved_by
        faults = [f"{field}: write printable characters" for field, value in texts.items() if not _is_written(value)]
        return faults if type(self.signed_on) is date else [*faults, "signed_on: write a date, such as 2026-01-31"]


def _is_written(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and bool(value.strip())
