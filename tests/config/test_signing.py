"""A clinician signs these very files, with a licence and a date; whatever changes afterwards is shown line by line."""

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.domain.signoff import Signature
from config.loading import UnsignedError, load_signed, pin
from config.signing import changes, last_signed, record, signatures

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
LIN: dict[str, Any] = {"name": "Dr. Mei Lin", "licence": "NY 123456", "signed_on": None, "approved_by": None}


def sign(folder: Path, now: datetime = NOW, **changed: Any) -> Signature:
    return record(now, folder=folder, **(LIN | changed))


def change(folder: Path, name: str, old: str, new: str) -> None:
    words = (folder / name).read_text(encoding="utf-8")
    assert old in words
    (folder / name).write_text(words.replace(old, new, 1), encoding="utf-8")


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(UnsignedError) as refused:
        act()
    return "\n".join(refused.value.faults)


def test_a_signature_binds_name_licence_date_and_every_file(folder: Path) -> None:
    before = (folder / "signoff.toml").read_text(encoding="utf-8")
    given = sign(folder, approved_by='Dr. O"Neil\\')
    signed = load_signed(folder)
    assert signed.signature == given
    assert (given.name, given.licence, given.signed_on) == ("Dr. Mei Lin", "NY 123456", date(2026, 12, 1))
    assert given.approved_by == 'Dr. O"Neil\\'
    assert given.digest == signed.digest
    comments = [line for line in before.splitlines() if line.startswith("#")]
    assert comments == [line for line in (folder / "signoff.toml").read_text().splitlines() if line.startswith("#")]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"name": " "}, "name: write"),
        ({"licence": ""}, "licence: write"),
        ({"name": "Dr.\nLin"}, "name: write"),
        ({"approved_by": " "}, "approved_by: write"),
        ({"signed_on": date(2026, 12, 4)}, "date: 2026-12-04 lies in the future"),
    ],
)
def test_half_a_signature_is_none(folder: Path, wrong: dict[str, Any], fault: str) -> None:
    before = (folder / "signoff.toml").read_bytes()
    assert fault in refusal(lambda: sign(folder, **wrong))
    assert (folder / "signoff.toml").read_bytes() == before
    assert not (folder / "signed").exists()


def test_files_that_differ_from_their_pins_are_not_signed(folder: Path) -> None:
    change(folder, "texts/en.toml", "Thank you for telling us", "Thanks for telling us")
    assert "config/texts/en.toml: changed since it was pinned" in refusal(lambda: sign(folder, name=""))
    assert "name: write" in refusal(lambda: sign(folder, name=""))
    assert signatures(folder) == ()


def test_crisis_numbers_that_nobody_has_verified_for_half_a_year_are_not_signed(folder: Path) -> None:
    verified = load_signed(folder).packs["NZ"].verified_on
    late = datetime.combine(verified, NOW.time(), UTC) + timedelta(days=181)
    assert "config/crisis/nz.toml: verified on" in refusal(lambda: sign(folder, late))


def test_the_same_signature_is_given_once(folder: Path) -> None:
    sign(folder)
    assert "already signed" in refusal(lambda: sign(folder))
    sign(folder, name="Dr. Ngozi Ade")
    assert [given.name for given in signatures(folder)] == ["Dr. Mei Lin", "Dr. Ngozi Ade"]


def test_every_change_since_the_last_signature_is_shown_as_a_diff(folder: Path) -> None:
    assert last_signed(folder) is None
    given = sign(folder)
    assert last_signed(folder) == given
    assert list(changes(folder)) == []
    change(folder, "protocol.toml", "suppress = 10", "suppress = 11")
    (folder / "crisis" / "nz.toml").unlink()
    shutil.copy(folder / "texts" / "en.toml", folder / "texts" / "fr.toml")
    shown = list(changes(folder))
    assert last_signed(folder) == given
    for line in ("-suppress = 10", "+suppress = 11", "--- config/protocol.toml (signed)", "+++ config/protocol.toml"):
        assert any(found.startswith(line) for found in shown), line
    assert "--- config/crisis/nz.toml (signed)" in shown
    assert "+++ config/texts/fr.toml" in shown
    assert shown.count("+++ /dev/null") == shown.count("--- /dev/null") == 1


def test_a_changed_file_is_unsigned_until_it_is_signed_again(folder: Path) -> None:
    sign(folder)
    change(folder, "texts/es.toml", "Gracias por avisarnos", "Le agradecemos que avise")
    pin(folder)
    assert load_signed(folder).signature is None
    again = sign(folder, signed_on=date(2026, 12, 1))
    assert load_signed(folder).signature == again
    assert list(changes(folder)) == []
    assert len(signatures(folder)) == 2


def test_what_was_signed_is_loaded_by_nothing(folder: Path) -> None:
    sign(folder)
    before = load_signed(folder).digest
    change(folder / "signed", "texts/en.toml", "911", "000")
    assert load_signed(folder).digest == before
    assert last_signed(folder) is None  # and a copy that was touched is nobody's any more


@pytest.mark.parametrize("lost", ["name", "licence", "signed_on", "digest"])
def test_a_signature_without_one_of_its_parts_stops_the_start(folder: Path, lost: str) -> None:
    sign(folder)
    change(folder, "signoff.toml", f"\n{lost} = ", f"\nno_{lost} = ")
    assert f"signoff.toml: signature {lost}: write" in refusal(lambda: load_signed(folder))
