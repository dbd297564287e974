"""Settings: defaults, paths, and one line that names the variable for every mistake."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import (
    ROOT,
    SAMPLE_DIR,
    SettingError,
    read_settings,
    unknown_settings,
)


def test_a_clone_runs_on_the_sample_at_once() -> None:
    """PUB-10."""
    settings = read_settings({})
    assert settings.landing_dir == SAMPLE_DIR
    assert settings.data_dir == ROOT / "data" / "demo"
    assert settings.is_sample
    assert settings.as_of_date == date(2026, 11, 20)
    assert (settings.nightly_cron, settings.timezone) == ("0 2 * * *", "UTC")
    assert settings.keep_generations == 7


def test_real_extracts_go_to_live_and_count_from_the_day_of_the_run(tmp_path: Path) -> None:
    """PUB-10."""
    settings = read_settings({"PSA_LANDING_DIR": str(tmp_path)})
    assert settings.data_dir == ROOT / "data" / "live"
    assert settings.as_of_date is None
    late_in_new_york = datetime.fromisoformat("2026-03-01T23:30:00-05:00")
    assert settings.as_of(late_in_new_york) == date(2026, 3, 2)


def test_relative_paths_count_from_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    settings = read_settings({"PSA_LANDING_DIR": "data", "PSA_DATA_DIR": "data/with space"})
    assert settings.landing_dir == ROOT / "data"
    assert settings.data_dir == ROOT / "data" / "with space"


def test_an_empty_variable_is_an_unset_one() -> None:
    assert read_settings({"PSA_AS_OF_DATE": "", "PSA_TIMEZONE": " "}) == read_settings({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PSA_LANDING_DIR", "no/such/folder"),
        ("PSA_DATA_DIR", "data/[x]"),
        ("PSA_AS_OF_DATE", "20.11.2026"),
        ("PSA_AS_OF_DATE", "2026-02-30"),
        ("PSA_AS_OF_DATE", "2026-11-20T00:00:00"),
        ("PSA_MAX_EXTRACT_AGE_HOURS", "a day"),
        ("PSA_MAX_EXTRACT_AGE_HOURS", "0"),
        ("PSA_MAX_EXTRACT_AGE_HOURS", "NaN"),
        ("PSA_MAX_QUARANTINE_RATIO", "5 %"),
        ("PSA_MAX_QUARANTINE_RATIO", "1.01"),
        ("PSA_ALLOW_SHRINK", "yes"),
        ("PSA_CURRENCY", "€"),
        ("PSA_TIMEZONE", "Mars/Olympus"),
        ("PSA_TIMEZONE", "../etc/passwd"),
        ("PSA_MEMORY_LIMIT", "80%"),
        ("PSA_MEMORY_LIMIT", "2"),
        ("PSA_MEMORY_LIMIT", "100MB"),
        ("PSA_DECIMAL_MARK", ";"),
        ("PSA_DECIMAL_MARK", "autotask=.;elsewhere=,"),
        ("PSA_DECIMAL_MARK", "autotask"),
        ("PSA_DATE_ORDER", "us"),
        ("PSA_DATE_ORDER", "autotask=mdy;autotask=dmy"),
        ("PSA_SOURCE_TIMEZONE", "EDT"),
        ("PSA_KEEP_GENERATIONS", "0"),
        ("PSA_KEEP_GENERATIONS", "1.5"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name: str, value: str) -> None:
    """PUB-9."""
    with pytest.raises(SettingError, match=rf"^{name}: ") as raised:
        read_settings({name: value})
    assert "\n" not in str(raised.value)


def test_ways_to_write_values_are_said_for_all_sources_or_one_each() -> None:
    """RAW-20, RAW-21, RAW-23."""
    given = {
        "PSA_DECIMAL_MARK": ",",
        "PSA_DATE_ORDER": "reference=dmy",
        "PSA_PO_FIELDS": " a; B c;",
    }
    settings = read_settings(given)
    assert settings.decimal_mark == {"autotask": ",", "reference": ","}
    assert settings.date_order == {"reference": "dmy"}
    assert settings.po_fields == ("a", "B c")
    given = {"PSA_DECIMAL_MARK": "autotask=.;reference=,"}
    assert read_settings(given).decimal_mark == {"autotask": ".", "reference": ","}


def test_a_landing_folder_that_is_the_folder_of_one_source_is_told(tmp_path: Path) -> None:
    landing = tmp_path / "autotask"
    landing.mkdir()
    given = {"PSA_LANDING_DIR": str(landing)}
    for name in (".hidden.csv", "README.txt", "charges.csv.part"):
        (landing / name).write_text("id\n")
    assert read_settings(given).landing_dir == landing  # nothing is delivered yet
    (landing / "charges.csv").write_text("id\n")
    with pytest.raises(SettingError, match=rf"^PSA_LANDING_DIR: .* Set it to {tmp_path}, which "):
        read_settings(given)
    (landing / "autotask").mkdir()
    assert read_settings(given).landing_dir == landing


def test_a_data_folder_belongs_to_one_landing_folder(tmp_path: Path) -> None:
    """LND-12."""
    data, first, second = tmp_path / "data", tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    read_settings({"PSA_LANDING_DIR": str(first), "PSA_DATA_DIR": str(data)}).prepare_data_dir()
    read_settings({"PSA_LANDING_DIR": str(first), "PSA_DATA_DIR": str(data)}).prepare_data_dir()
    other = read_settings({"PSA_LANDING_DIR": str(second), "PSA_DATA_DIR": str(data)})
    with pytest.raises(SettingError, match=f"^PSA_DATA_DIR: .*{first}, not from {second}"):
        other.prepare_data_dir()


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = read_settings({"PSA_DATA_DIR": str(tmp_path / "file" / "below")})
    with pytest.raises(SettingError, match=r"^PSA_DATA_DIR: cannot write"):
        settings.prepare_data_dir()


@pytest.mark.parametrize("limit", ["1500MB", "2GB", "2.5 GiB", "0.3tb", "900000kb"])
def test_memory_is_said_and_understood_as_duckdb_does(limit: str) -> None:
    taken = f"{read_settings({'PSA_MEMORY_LIMIT': limit}).memory_limit}B"
    in_use = "select current_setting('memory_limit')"
    with (
        duckdb.connect(config={"memory_limit": limit}) as theirs,
        duckdb.connect(config={"memory_limit": taken}) as ours,
    ):
        assert theirs.execute(in_use).fetchall() == ours.execute(in_use).fetchall()


def test_what_does_not_fit_into_memory_goes_to_a_folder_of_this_data_folder_alone(
    tmp_path: Path,
) -> None:
    own = read_settings({"PSA_DATA_DIR": str(tmp_path / "data")})
    assert own.temp_dir.parent == own.warehouse_dir
    shared = [
        read_settings({"PSA_DATA_DIR": str(tmp_path / name), "PSA_TEMP_DIR": str(tmp_path / "t")})
        for name in ("one", "two")
    ]
    assert shared[0].temp_dir != shared[1].temp_dir
    for settings in shared:
        settings.prepare_data_dir()
        assert settings.temp_dir.parent == tmp_path / "t"
    (tmp_path / "file").write_text("")
    at_a_file = {"PSA_DATA_DIR": str(tmp_path / "one"), "PSA_TEMP_DIR": str(tmp_path / "file")}
    with pytest.raises(SettingError, match=r"^PSA_TEMP_DIR: cannot write"):
        read_settings(at_a_file).prepare_data_dir()


def test_dbt_gets_resolved_paths_and_limits() -> None:
    environment = read_settings({}).environment(datetime(2026, 1, 2, tzinfo=UTC).date())
    assert environment["PSA_RUN_MEMORY_LIMIT"] == "1400000000B"
    assert environment["PSA_RUN_TEMP_DIR"] == str(ROOT / "data" / "demo" / "warehouse" / "temp")
    assert environment["PSA_DATA_DIR"] == str(ROOT / "data" / "demo")
    assert environment["PSA_RUN_AS_OF_DATE"] == "2026-01-02"
    assert "PSA_AS_OF_DATE" not in environment


def test_a_misspelt_setting_is_told_with_the_one_most_like_it() -> None:
    environment = {"PSA_LANDNG_DIR": "x", "PSA_RUN_TEMP_DIR": "x", "PSA_CURRENCY": "EUR", "X": ""}
    told = unknown_settings(environment)
    assert told == ["PSA_LANDNG_DIR is not a setting. Did you mean PSA_LANDING_DIR?"]


LOGIN = {
    "PSA_AUTOTASK_USERNAME": "api@msp.example",
    "PSA_AUTOTASK_SECRET": "s3cret",
    "PSA_AUTOTASK_INTEGRATION_CODE": "c0de",
}


def test_with_a_login_extracts_land_in_a_folder_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXT-1."""
    monkeypatch.setattr("orchestration.setting_values.ROOT", tmp_path)
    settings = read_settings(LOGIN)
    assert settings.extracts
    assert settings.landing_dir == tmp_path / "data" / "landing"
    assert settings.landing_dir.is_dir()
    assert settings.data_dir == tmp_path / "data" / "live"
    assert not read_settings({"PSA_LANDING_DIR": str(tmp_path)}).extracts


@pytest.mark.parametrize("name", LOGIN)
def test_half_a_login_stops_and_names_all_that_is_missing(name: str) -> None:
    """EXT-1."""
    with pytest.raises(SettingError, match=f"^{name}: not set"):
        read_settings({other: value for other, value in LOGIN.items() if other != name})
    missing = " and ".join(other for other in LOGIN if other != name)
    with pytest.raises(SettingError, match=f"^{missing}: not set"):
        read_settings({name: LOGIN[name]})


@pytest.mark.parametrize("odd", ["\n", "\r\n", "\0", "\t", "\x7f", "\u0142", "\ud800"])
@pytest.mark.parametrize("name", LOGIN)
def test_a_login_that_no_header_can_carry_is_refused_and_not_shown(name: str, odd: str) -> None:
    """EXT-1, EXT-4."""
    with pytest.raises(SettingError, match=f"^{name}: the value is not") as refused:
        read_settings(LOGIN | {name: f"hid{odd}den"})
    assert "hid" not in str(refused.value)
    assert "den" not in str(refused.value).replace("hidden", "")


def test_extracts_do_not_mix_with_the_sample() -> None:
    """EXT-1."""
    with pytest.raises(SettingError, match=r"^PSA_LANDING_DIR: "):
        read_settings(LOGIN | {"PSA_LANDING_DIR": str(SAMPLE_DIR)})


def test_a_login_goes_over_https_but_on_this_machine() -> None:
    """EXT-4."""
    with pytest.raises(SettingError, match=r"^PSA_AUTOTASK_URL: "):
        read_settings({"PSA_AUTOTASK_URL": "http://webservices.autotask.net"})
    assert read_settings({"PSA_AUTOTASK_URL": "http://127.0.0.1:8080"}).autotask_url


def test_a_login_is_shown_nowhere_and_shapes_no_figures(tmp_path: Path) -> None:
    """EXT-4, PUB-9."""
    plain = read_settings({"PSA_LANDING_DIR": str(tmp_path)})
    settings = read_settings(LOGIN | {"PSA_LANDING_DIR": str(tmp_path)})
    assert settings.shaping_figures() == plain.shaping_figures()
    handed_on = settings.environment(datetime(2026, 1, 2, tzinfo=UTC).date())
    for value in LOGIN.values():
        assert value not in f"{settings!r} {settings} {handed_on}"
