"""How each of our own sentences is read is approved line by line, so that no change of a priority passes unseen."""

from difflib import unified_diff

from benchmarks.read_as import APPROVED, readings
from tests.town import signed_files


def test_every_sentence_is_read_as_it_was_approved() -> None:
    """After reading the difference, `python -m benchmarks.read_as` approves it."""
    approved = APPROVED.read_text(encoding="utf-8").splitlines()
    assert not list(unified_diff(approved, list(readings(signed_files())), "approved", "now", lineterm="", n=0))
