"""Signing from the shell, and what a clinic may be called."""

import shutil
from pathlib import Path

from config.loading import FOLDER
from tests.cli.shell import ADD_CLINIC, Shell


def test_a_clinician_signs_and_a_change_is_shown_as_a_diff(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    for name in ("crisis", "lexicon", "texts"):
        shutil.copytree(FOLDER / name, folder / name)
    for name in ("protocol.toml", "languages.toml", "signoff.toml"):
        shutil.copy(FOLDER / name, folder / name)
    where = ("--folder", str(folder))
    assert shell.run("signoff", "show", *where) == 0
    assert "nobody signed an earlier state" in shell.said
    assert shell.run("signoff", "record", "--name", "", "--licence", "NY 1", *where) == 2
    assert "name: write printable characters" in shell.complained
    who = ("--name", "Dr. Mei Lin", "--licence", "NY 123456", "--approved-by", "Dr. Ade")
    assert shell.run("signoff", "record", *who, "--date", "2026-11-24", *where) == 0, shell.complained
    assert "signed by Dr. Mei Lin, NY 123456, 2026-11-24, approved by Dr. Ade" in shell.said
    assert shell.run("signoff", "show", *where) == 0
    assert "UNSIGNED" not in shell.said
    assert "Dr. Mei Lin, NY 123456, 2026-11-24, approved by Dr. Ade (these files)" in shell.said
    text = folder / "texts" / "en.toml"
    text.write_text(text.read_text(encoding="utf-8").replace("home safe?", "are you home?"), encoding="utf-8")
    assert shell.run("signoff", "show", *where) == 1
    assert "config/texts/en.toml: changed since it was pinned" in shell.said
    assert shell.run("signoff", "pin", *where) == 0
    assert shell.run("signoff", "show", *where) == 0
    assert "changed since Dr. Mei Lin, NY 123456, 2026-11-24, approved by Dr. Ade signed:" in shell.said
    assert '\n+prompt_safety = "{clinic}: are you home?' in shell.said
    assert "UNSIGNED: test mode" in shell.said


def test_a_clinic_is_added_in_a_country_that_has_crisis_numbers_and_under_a_neutral_name(shell: Shell) -> None:
    said = list(ADD_CLINIC)
    said[said.index("US")] = "FR"
    assert shell.run(*said) == 2
    assert "country: there is no crisis pack for FR" in shell.complained
    said[said.index("FR")] = "uk"
    said[said.index("Harbor Clinic")] = "Harbor Infusion Center"
    assert shell.run(*said) == 2
    assert "name: the name says `infusion`: give the clinic a neutral name for its texts" in shell.complained
