"""Where the town's clinics and people are: countries, zones, numbers and names, all invented."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from random import Random

GIVEN = (
    "Ana", "Marcus", "Priya", "Joan", "Luis", "Dee", "Omar", "Ruth", "Kai", "Nora", "Sam", "Ines", "Theo", "Maya",
    "Abe", "Lena", "Hugo", "Tess", "Ravi", "Eve",
)  # fmt: skip
FAMILY = (
    "Reyes", "Bell", "Nair", "Quist", "Ortega", "Finch", "Haddad", "Stone", "Mori", "Lund", "Vance", "Pereira", "Cole",
    "Iyer", "Park", "Novak", "Diaz", "Marsh", "Okoro", "Blum",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Country:
    """Where patients of one country live, how often, and what their phone numbers look like."""

    zones: dict[str, float]
    number: Callable[[int], str]
    spanish: float = 0.0

    def some_zone(self, dice: Random) -> str:
        return dice.choices(list(self.zones), list(self.zones.values()))[0]


@dataclass(frozen=True, slots=True)
class Place:
    """A clinic of the town, and its part of the patients."""

    name: str
    country: str
    zone: str
    share: float
    nights: bool = True
    """Whether somebody is on call at night."""
    asks_more_later: bool = False
    """Whether it changes its protocol after a while."""


def _american(area: int) -> Callable[[int], str]:
    return lambda n: f"+1{area + n // 10_000}555{n % 10_000:04d}"


COUNTRIES = {
    "US": Country(
        {
            "America/New_York": 8, "America/Chicago": 6, "America/Denver": 3, "America/Phoenix": 2,
            "America/Los_Angeles": 5, "America/Anchorage": 0.4, "Pacific/Honolulu": 0.4,
        },
        _american(212),
        spanish=0.14,
    ),
    "CA": Country({"America/Toronto": 5, "America/Vancouver": 3, "America/St_Johns": 1}, _american(416)),
    "GB": Country({"Europe/London": 1}, lambda n: f"+447700{n:06d}"),
    "IE": Country({"Europe/Dublin": 1}, lambda n: f"+35385{n:07d}"),
    "AU": Country(
        {"Australia/Sydney": 4, "Australia/Brisbane": 2, "Australia/Adelaide": 1, "Australia/Lord_Howe": 0.2},
        lambda n: f"+61491{n:06d}",
    ),
    "NZ": Country({"Pacific/Auckland": 5, "Pacific/Chatham": 0.2}, lambda n: f"+6421{n:06d}"),
}  # fmt: skip

PLACES = (
    Place("Harbor Clinic", "US", "America/New_York", 0.30),
    Place("Prairie Clinic", "US", "America/Chicago", 0.25, asks_more_later=True),
    Place("Mesa Clinic", "US", "America/Los_Angeles", 0.20, nights=False),
    Place("Maple Clinic", "CA", "America/Toronto", 0.07),
    Place("Ferry Clinic", "GB", "Europe/London", 0.07),
    Place("Quay Clinic", "IE", "Europe/Dublin", 0.03),
    Place("Bay Clinic", "AU", "Australia/Sydney", 0.05),
    Place("Tide Clinic", "NZ", "Pacific/Auckland", 0.03),
)


def places_with(packs: Collection[str]) -> tuple[Place, ...]:
    """The clinics of the countries whose crisis numbers are known."""
    return tuple(place for place in PLACES if place.country in packs)
