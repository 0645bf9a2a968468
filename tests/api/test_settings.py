"""The environment is read in one place, strictly, and its secrets stay secret."""

import os
import re
from pathlib import Path

import pytest

from api.settings import Settings, UnknownSetting, default_data_dir, read_settings
from states.errors import CycleError, MalformedInput
from states.words import words

AWKWARD = "r\u00e9s@eau/7"


def told(error: CycleError) -> str:
    return " ".join(words(lang).error(error) for lang in ("vi", "en"))


def test_an_unknown_name_is_refused_and_named():
    with pytest.raises(UnknownSetting) as caught:
        read_settings({"OCOP_DATABSE_URL": "sqlite:///x", "ocop_colour": "red", "OTHER": "1", "OCOP_DATA_DIR": "/x"})
    assert caught.value.detail["names"] == "OCOP_DATABSE_URL, ocop_colour"
    assert "OCOP_DATABASE_URL" in told(caught.value)


def test_the_value_of_an_unknown_name_is_not_repeated():
    with pytest.raises(UnknownSetting) as caught:
        read_settings({"OCOP_PASSWORD": "hush-hush"})
    assert "hush-hush" not in told(caught.value) + str(caught.value)


def test_names_of_the_test_suite_are_let_through():
    assert read_settings({"OCOP_TEST_DATABASE": "sqlite", "OCOP_TEST_ANYTHING": "x"}).database_url is None


def test_a_malformed_value_is_named():
    with pytest.raises(MalformedInput) as caught:
        read_settings({"OCOP_ALLOW_UNSAFE": "perhaps"})
    assert caught.value.code == "setting_malformed"
    assert "OCOP_ALLOW_UNSAFE" in told(caught.value)


def test_the_process_environment_does_not_leak_into_one_that_is_given(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OCOP_DATABASE_URL", "postgresql://elsewhere/db")
    assert read_settings({}).database_url is None
    assert read_settings().where == "postgresql://elsewhere/db"


def test_names_are_read_whatever_their_case():
    assert read_settings({"ocop_data_dir": "/a"}).url == "sqlite:////a/ocop.db"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ocop:hush%40hush@db.example/ocop",
        "postgresql://ocop:hush@hush@db.example/ocop",
        "postgresql://db.example/ocop?user=ocop&password=hush",
        "postgresql://db.example/ocop?user=ocop&password=x@hush",
        "postgresql://ocop:hu?hush@db.example/ocop",
    ],
)
def test_where_the_data_lies_never_shows_a_password(url: str):
    settings = read_settings({"OCOP_DATABASE_URL": url, "OCOP_OWNER_URL": url})
    assert "hush" not in settings.where
    assert settings.where.startswith("postgresql://")
    assert "hush" not in repr(settings) + str(settings)
    assert settings.migration_url == settings.url == url


def test_where_names_host_and_database():
    assert read_settings({"OCOP_DATABASE_URL": "postgresql://ocop:hush@db.example:5433/ocop"}).where == "postgresql://db.example:5433/ocop"


def test_in_a_checkout_the_data_lies_in_the_checkout():
    root = Path(__file__).parents[2]
    assert default_data_dir() == root / ".ocop-data"
    assert read_settings({}).where == str(root / ".ocop-data" / "ocop.db")  # the checkout's, whatever the process's own says


def test_installed_the_data_lies_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "site" / "api").mkdir(parents=True)
    monkeypatch.setattr("api.settings.__file__", str(tmp_path / "site" / "api" / "settings.py"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / ".ocop-cycle"


def test_a_tilde_in_the_data_folder_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_settings({"OCOP_DATA_DIR": "~/x"}).where == str(tmp_path / "x" / "ocop.db")


def test_secrets_are_read_from_files(tmp_path: Path):
    (tmp_path / "ocop_database_url").write_text(f"postgresql://ocop:{AWKWARD}@db.example/ocop\n", "utf-8")
    settings = read_settings({"OCOP_SECRETS_DIR": str(tmp_path)})
    assert settings.url == f"postgresql://ocop:{AWKWARD}@db.example/ocop"


def test_a_variable_wins_over_a_secret_file(tmp_path: Path):
    (tmp_path / "ocop_database_url").write_text("postgresql://file/db", "utf-8")
    assert (
        read_settings({"OCOP_SECRETS_DIR": str(tmp_path), "OCOP_DATABASE_URL": "postgresql://variable/db"}).where
        == "postgresql://variable/db"
    )


def test_other_files_beside_the_secrets_are_let_be_but_a_slip_is_refused(tmp_path: Path):
    (tmp_path / "smtp_password").write_text("x", "utf-8")
    read_settings({"OCOP_SECRETS_DIR": str(tmp_path)})
    (tmp_path / "ocop_databaseurl").write_text("x", "utf-8")
    with pytest.raises(UnknownSetting, match="ocop_databaseurl"):
        read_settings({"OCOP_SECRETS_DIR": str(tmp_path)})


def test_a_missing_or_unreadable_secret_is_named(tmp_path: Path):
    with pytest.raises(MalformedInput, match="OCOP_SECRETS_DIR"):
        read_settings({"OCOP_SECRETS_DIR": str(tmp_path / "missing")})
    (tmp_path / "ocop_owner_url").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MalformedInput, match="ocop_owner_url"):
        read_settings({"OCOP_SECRETS_DIR": str(tmp_path)})


def test_every_setting_stands_in_the_handbook():
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(OCOP_\w+)`", text, re.MULTILINE)) == {f"OCOP_{name.upper()}" for name in Settings.model_fields}


def test_reading_leaves_the_environment_as_it_was():
    before = dict(os.environ)
    read_settings()
    assert dict(os.environ) == before
