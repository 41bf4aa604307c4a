"""Chance that depends on the seed and on what it is about, never on the order in which it is asked."""

import hashlib
import math
from datetime import timedelta
from random import Random


def chance(seed: int, *about: object) -> float:
    """A number in [0, 1) for this seed and this matter."""
    words = "\x1f".join(str(part) for part in (seed, *about))
    return int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest()) / 2**64


def dice_of(seed: int, *whose: object) -> Random:
    """The dice of one person or purpose: what others throw does not change what these show."""
    return Random("/".join(str(part) for part in (seed, *whose)))


def around(dice: Random, median: timedelta, spread: float = 0.8) -> timedelta:
    """A waiting time as people take it: half are shorter than the median, and some are far longer."""
    return median * math.exp(dice.gauss(0.0, spread))
