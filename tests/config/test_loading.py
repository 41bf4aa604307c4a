"""The signed files: whatever was changed, lost or made unfit stops the start, with every fault at once (S5)."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from config.loading import UnsignedError, load_signed, pin, stale_packs
from tests.town import signed_files


def spoil(folder: Path, name: str, old: str, new: str) -> None:
    words = (folder / name).read_text(encoding="utf-8")
    assert old in words
    (folder / name).write_text(words.replace(old, new, 1), encoding="utf-8")


def faults(folder: Path) -> list[str]:
    with pytest.raises(UnsignedError) as refused:
        load_signed(folder)
    return refused.value.faults


def test_one_changed_letter_of_a_crisis_text_stops_the_start(folder: Path) -> None:
    spoil(folder, "texts/en.toml", "Thank you for telling us", "Thank you for telling us!")
    spoil(folder, "protocol.toml", "per_day = 1", "per_day = 9")
    assert {fault.partition(":")[0] for fault in faults(folder)} == {"texts/en.toml", "protocol.toml"}


def test_a_lost_and_an_added_file_stop_the_start(folder: Path) -> None:
    (folder / "texts" / "es.toml").rename(folder / "texts" / "fr.toml")
    assert {fault.partition(":")[0] for fault in faults(folder)} == {"texts/es.toml", "texts/fr.toml"}


def test_pinning_does_not_make_an_unfit_text_fit(folder: Path) -> None:
    spoil(folder, "texts/en.toml", "Call 911. Your safety", "Your safety")
    pin(folder)
    assert any("`crisis` lacks 911" in fault for fault in faults(folder))


def test_a_broken_file_is_named(folder: Path) -> None:
    (folder / "protocol.toml").write_text("version = ", encoding="utf-8")
    assert any(fault.startswith("protocol.toml: cannot be read") for fault in faults(folder))


def test_a_new_digest_unsigns(folder: Path) -> None:
    before = load_signed(folder)
    signature = (
        f'[[signature]]\nname = "Dr. Lin"\nlicence = "NY 1"\nsigned_on = 2026-11-01\ndigest = "{before.digest}"\n'
    )
    spoil(folder, "signoff.toml", "\n[digests]", f"\n{signature}\n[digests]")
    assert load_signed(folder).is_signed
    spoil(folder, "protocol.toml", "suppress = 10", "suppress = 11")
    pin(folder)
    assert not load_signed(folder).is_signed


def test_crisis_numbers_go_stale() -> None:
    signed = signed_files()
    verified = signed.packs["US"].verified_on
    assert stale_packs(signed, verified + timedelta(days=180)) == []
    assert len(stale_packs(signed, verified + timedelta(days=181))) == len(signed.packs)
    assert stale_packs(signed, date(2000, 1, 1)) == []
