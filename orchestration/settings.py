"""The settings of the pipeline (SPEC 8): the only module that reads the environment.

Run as `python -m orchestration.settings COMMAND …` it starts another program, such as dbt, under
the same settings.
"""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ROOT = Path(__file__).resolve().parents[1]
SAMPLE_DIR = ROOT / "data" / "sample"
SAMPLE_AS_OF_DATE = date(2026, 11, 20)
LEAST_MEMORY = 256_000_000  # the sample can be refreshed with it


class SettingError(ValueError):
    """A setting cannot be used; the message names the variable and what it accepts."""


@dataclass(frozen=True)
class Settings:
    """Settings of one process, read and checked once.

    Attributes:
        landing_dir: where the extracts are delivered.
        data_dir: everything that the pipeline writes.
        max_extract_age_hours: a required table whose newest extract is older gets a warning.
        as_of_date: day that ages and expiry are counted from; None is the day of the run (UTC).
        nightly_cron: cron line of the nightly refresh.
        readiness_cron: cron line of the weekly look at what to fix before invoicing.
        timezone: time zone of both lines.
        keep_generations: published generations to keep.
        ui_url: where people open the Dagster UI; alerts link to it.
        alert_webhook: where a failed refresh is reported; None is nowhere. A secret.
        postgres_url: database that the marts are loaded into as well; None is none. A secret.
        max_quarantine_ratio: share of a batch's rows that may be set aside as invalid.
        allow_shrink: whether a complete snapshot may delete more than half of a table.
        currency: ISO code that the reports print beside money; one currency is assumed throughout.
        memory_limit: bytes that DuckDB may hold in memory in a process of its own, as dbt's is;
            what is more goes to temp_dir.
        temp_dir: where it puts that. Of this data folder alone, because a refresh sweeps it.
    """

    landing_dir: Path
    data_dir: Path
    max_extract_age_hours: Decimal
    as_of_date: date | None
    nightly_cron: str
    readiness_cron: str
    timezone: str
    keep_generations: int
    ui_url: str
    alert_webhook: str | None = field(repr=False)
    postgres_url: str | None = field(repr=False)
    max_quarantine_ratio: Decimal
    allow_shrink: bool
    currency: str
    memory_limit: int
    temp_dir: Path

    @property
    def is_sample(self) -> bool:
        """Whether the extracts are the committed sample."""
        return self.landing_dir == SAMPLE_DIR

    @property
    def raw_dir(self) -> Path:
        """Validated rows, one parquet file a batch."""
        return self.data_dir / "raw"

    @property
    def warehouse_dir(self) -> Path:
        """The databases that dbt builds in; private to the build."""
        return self.data_dir / "warehouse"

    @property
    def marts_dir(self) -> Path:
        """Published generations and the link to the current one."""
        return self.data_dir / "marts"

    def as_of(self, started: datetime) -> date:
        """The day that a run counts ages from: the setting, else the day it started (UTC)."""
        return self.as_of_date or started.astimezone(UTC).date()

    def environment(self, as_of_date: date) -> dict[str, str]:
        """Environment that the dbt project reads its paths and dates from."""
        return {
            "PSA_LANDING_DIR": str(self.landing_dir),
            "PSA_DATA_DIR": str(self.data_dir),
            # Not PSA_AS_OF_DATE: a process that lives on would take its first day for a setting.
            "PSA_RUN_AS_OF_DATE": as_of_date.isoformat(),
            "PSA_RUN_MEMORY_LIMIT": f"{self.memory_limit}B",
            # Nor PSA_TEMP_DIR: this is a folder in it.
            "PSA_RUN_TEMP_DIR": str(self.temp_dir),
            "DAGSTER_HOME": str(self.data_dir / "dagster"),
        }

    def prepare_data_dir(self) -> None:
        """Make the folders that other programs expect to find.

        From here on, what this process and its children write is closed to other users.

        Raises:
            SettingError: the data folder cannot be written, or belongs to another landing folder.
        """
        dagster_home = self.data_dir / "dagster"
        remembered = self.data_dir / "landing_dir.txt"
        os.umask(0o027)
        try:
            for folder in (dagster_home, self.raw_dir, self.warehouse_dir, self.marts_dir):
                folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / "orchestration" / "dagster.yaml", dagster_home / "dagster.yaml")
            if not remembered.exists():
                # Whole or not at all: half a name, left by a full disk, would be another folder.
                unfinished = remembered.with_suffix(".unfinished")
                unfinished.write_text(f"{self.landing_dir}\n", encoding="utf-8")
                unfinished.replace(remembered)
        except OSError as error:
            raise SettingError(f"PSA_DATA_DIR: cannot write to {self.data_dir}: {error}") from None
        try:
            self.temp_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(f"PSA_TEMP_DIR: cannot write to {self.temp_dir}: {error}") from None
        # Rows of two landing folders in one set of marts would be nobody's figures.
        first = Path(remembered.read_text(encoding="utf-8").rstrip("\n"))
        if first != self.landing_dir:
            raise SettingError(
                f"PSA_DATA_DIR: {self.data_dir} holds what was loaded from {first}, not from "
                f"{self.landing_dir}. Set PSA_DATA_DIR to another folder for this landing folder; "
                f"if {first} only moved, write its new path into {remembered}."
            )


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings; relative paths count from the repository's root.

    Raises:
        SettingError: a variable cannot be read.
    """
    landing_dir = _folder(environment, "PSA_LANDING_DIR", SAMPLE_DIR)
    if not landing_dir.is_dir():
        raise SettingError(
            f"PSA_LANDING_DIR: there is no folder {landing_dir}. "
            "Set it to the folder that holds autotask/ and reference/."
        )
    is_sample = landing_dir == SAMPLE_DIR
    data_dir = _folder(
        environment, "PSA_DATA_DIR", ROOT / "data" / ("demo" if is_sample else "live")
    )
    if re.search(r"[*?\[\]{}]", str(data_dir)):
        raise SettingError(
            f"PSA_DATA_DIR: {data_dir} holds a wildcard character (* ? [ ] {{ }}), which file "
            "patterns cannot tell from a pattern. Choose another folder."
        )
    return Settings(
        landing_dir=landing_dir,
        data_dir=data_dir,
        max_extract_age_hours=_positive(environment, "PSA_MAX_EXTRACT_AGE_HOURS", "36"),
        as_of_date=_date(environment, "PSA_AS_OF_DATE", SAMPLE_AS_OF_DATE if is_sample else None),
        nightly_cron=_text(environment, "PSA_NIGHTLY_CRON", "0 2 * * *"),
        readiness_cron=_text(environment, "PSA_READINESS_CRON", "0 6 * * 1"),
        timezone=_timezone(environment, "PSA_TIMEZONE", "UTC"),
        keep_generations=_count(environment, "PSA_KEEP_GENERATIONS", "7"),
        ui_url=_url(environment, "PSA_UI_URL", "http", "https") or "http://127.0.0.1:3000",
        alert_webhook=_url(environment, "PSA_ALERT_WEBHOOK", "http", "https"),
        postgres_url=_url(environment, "PSA_POSTGRES_URL", "postgresql", "postgres"),
        max_quarantine_ratio=_ratio(environment, "PSA_MAX_QUARANTINE_RATIO", "0.05"),
        allow_shrink=_choice(environment, "PSA_ALLOW_SHRINK", "0", ("0", "1")) == "1",
        currency=_currency(environment, "PSA_CURRENCY", "USD"),
        memory_limit=_size(environment, "PSA_MEMORY_LIMIT", "1500MB"),
        temp_dir=_temp_dir(environment, "PSA_TEMP_DIR", data_dir),
    )


def _text(environment: Mapping[str, str], name: str, default: str) -> str:
    return environment.get(name, "").strip() or default


def _folder(environment: Mapping[str, str], name: str, default: Path) -> Path:
    return (ROOT / Path(_text(environment, name, str(default))).expanduser()).resolve()


def _temp_dir(environment: Mapping[str, str], name: str, data_dir: Path) -> Path:
    if not _text(environment, name, ""):
        return data_dir / "warehouse" / "temp"
    # Several data folders, and other programs, may be told the same place.
    owner = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return _folder(environment, name, data_dir) / f"po-billing-{owner}"


def _size(environment: Mapping[str, str], name: str, default: str) -> int:
    """Read an amount of memory as DuckDB spells it."""
    text = _text(environment, name, default)
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?) ?([KMGT])(i?)B", text, re.IGNORECASE)
    if not found:
        raise SettingError(f"{name}: {text!r} is not a size such as 1500MB or 2GB.")
    step = 1024 if found[3] else 1000
    size = Decimal(found[1]) * step ** (1 + "KMGT".index(found[2].upper()))
    if size < LEAST_MEMORY:
        raise SettingError(f"{name}: {text} is less than 256MB, which a refresh takes at least.")
    return int(size)


def _number(environment: Mapping[str, str], name: str, default: str, wanted: str) -> Decimal:
    text = _text(environment, name, default)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise SettingError(f"{name}: {text!r} is not {wanted}.") from None
    if not value.is_finite():
        raise SettingError(f"{name}: {text!r} is not {wanted}.")
    return value


def _positive(environment: Mapping[str, str], name: str, default: str) -> Decimal:
    value = _number(environment, name, default, "a number of hours above 0")
    if value <= 0:
        raise SettingError(f"{name}: {value} is not a number of hours above 0.")
    return value


def _ratio(environment: Mapping[str, str], name: str, default: str) -> Decimal:
    value = _number(environment, name, default, "a ratio from 0 to 1")
    if not 0 <= value <= 1:
        raise SettingError(f"{name}: {value} is not a ratio from 0 to 1.")
    return value


def _count(environment: Mapping[str, str], name: str, default: str) -> int:
    value = _number(environment, name, default, "a whole number of at least 1")
    if value != value.to_integral_value() or not 1 <= value <= 1_000_000:
        raise SettingError(f"{name}: {value} is not a whole number of at least 1.")
    return int(value)


def _choice(
    environment: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]
) -> str:
    text = _text(environment, name, default)
    if text not in allowed:
        raise SettingError(f"{name}: {text!r} is not one of {', '.join(allowed)}.")
    return text


def _currency(environment: Mapping[str, str], name: str, default: str) -> str:
    text = _text(environment, name, default)
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise SettingError(f"{name}: {text!r} is not an ISO 4217 code such as EUR.")
    return text


def _date(environment: Mapping[str, str], name: str, default: date | None) -> date | None:
    text = _text(environment, name, "")
    if not text:
        return default
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise SettingError(f"{name}: {text!r} is not a date such as 2026-11-20.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingError(f"{name}: {text!r} is not a date of the calendar.") from None


def _url(environment: Mapping[str, str], name: str, *schemes: str) -> str | None:
    """Read an address; it may hold a password, so no message repeats it."""
    text = _text(environment, name, "")
    if not text:
        return None
    wanted = f"{name}: the value is no address such as {schemes[0]}://host/path."
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise SettingError(wanted) from None
    if parts.scheme not in schemes or not parts.netloc or re.search(r"\s", text):
        raise SettingError(wanted)
    return text


def _timezone(environment: Mapping[str, str], name: str, default: str) -> str:
    text = _text(environment, name, default)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(f"{name}: {text!r} is not a time zone such as Europe/Berlin.") from None
    return text


def main() -> None:
    """Replace this process by the given command, under the settings."""
    try:
        settings = read_settings()
        settings.prepare_data_dir()
    except SettingError as error:
        sys.exit(str(error))
    environment = os.environ | settings.environment(settings.as_of(datetime.now(UTC)))
    os.execvpe(sys.argv[1], sys.argv[1:], environment)  # noqa: S606 - the caller's own command


if __name__ == "__main__":
    main()
