"""The texts of the clinical notes (section 10) to the letter, and as long as the notes count them."""

import csv
from pathlib import Path

import pytest

from backend.domain.texts import septets
from tests.town import signed_files

with (Path(__file__).parent / "proposed_texts.csv").open(encoding="utf-8", newline="") as rows:
    PROPOSED = list(csv.DictReader(rows))


@pytest.mark.parametrize("row", PROPOSED, ids=[f"{row['name']} {row['language']}" for row in PROPOSED])
def test_a_text_is_the_one_that_was_proposed(row: dict[str, str]) -> None:
    assert signed_files().texts.templates("US", row["language"])[row["name"]] == row["words"]
    assert septets(row["words"].format(clinic="c" * 23, phone="5" * 12)) == int(row["size"])
