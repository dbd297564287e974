"""The settings of the pipeline (PUB-9): the only module that reads the environment.

The setting `landing_dir` is the variable PSA_LANDING_DIR, and so on; `.env.example` describes each
for the people who set them.
"""

import difflib
import hashlib
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from orchestration.setting_values import (
    ROOT,
    Folder,
    IsWebAddress,
    Switch,
    a_plain_date,
    a_zone,
    an_address,
    by_source,
    in_the_repository,
    listed_names,
    no_pattern,
    only_a_place,
    only_local_in_the_clear,
    sent_in_a_header,
    why_no_landing,
)

__all__ = ["ROOT"]

SAMPLE_DIR = ROOT / "data" / "sample"
SAMPLE_AS_OF_DATE = date(2026, 11, 20)
PREFIX = "PSA_"
CREDENTIALS = ("autotask_username", "autotask_secret", "autotask_integration_code")
# Set by the pipeline itself for dbt, or read by `dagster.yaml`.
INTERNAL = ("PSA_RUN_", "PSA_DAGSTER_")
LEAST_MEMORY = 256_000_000  # bytes; the sample can be refreshed with it


class SettingError(ValueError):
    """A setting cannot be used; the message names the variable and what it accepts."""


def _setting(
    default: Any, wanted: str, *, shapes_figures: bool = True, is_secret: bool = False
) -> Any:
    """Declare a setting.

    Args:
        default: as text, the way that the variable would hold it.
        wanted: what the value must be, as messages say it.
        shapes_figures: whether another value can change what a refresh publishes. In doubt it can.
        is_secret: whether no message and no representation may repeat the value.
    """
    facts: dict[str, JsonValue] = {"wanted": wanted, "shapes_figures": shapes_figures}
    return Field(default, repr=not is_secret, json_schema_extra=facts)


def _temp_dir(told: str | None, data_dir: Path) -> str:
    """A folder of this data folder alone; several, and other programs, may be told one place."""
    owner = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return str(Path(told) / f"po-billing-{owner}" if told else data_dir / "warehouse" / "temp")


_LOGIN: Any = _setting(
    None,
    "a text that a header can carry: a line break or another such character is in it, or a letter "
    "that is not western",
    shapes_figures=False,
    is_secret=True,
)
Login = Annotated[str | None, AfterValidator(sent_in_a_header)]


class Settings(BaseModel):
    """Settings of one process, read and checked once.

    Attributes:
        landing_dir: where the extracts are delivered.
        decimal_mark: by source, of numbers in CSV files; without one a point, if nothing in a file
            says otherwise.
        date_order: by source, of dates in CSV files; without one they are ISO.
        source_timezone: zone in which timestamps become dates; None keeps their date part.
        po_fields: user-defined fields or headers that hold a PO, best first.
        po_required_field: the one that says whether a company requires POs.
        data_dir: everything that the pipeline writes.
        max_extract_age_hours: a required table whose newest extract is older gets a warning.
        as_of_date: day that ages and expiry are counted from; None is the day of the run (UTC).
        nightly_cron: cron line of the nightly refresh.
        readiness_cron: cron line of the weekly look at what to fix before invoicing.
        timezone: time zone of both lines.
        data_url: object storage that holds raw store and generations; None is the data folder.
        ingest_workers: processes that judge deliveries side by side.
        keep_generations: published generations to keep.
        ui_url: where people open the Dagster UI; alerts link to it.
        alert_webhook: where a failed refresh is reported; None is nowhere. A secret.
        postgres_url: database that the marts are loaded into as well; None is none. A secret.
        max_quarantine_ratio: share of a batch's rows that may be quarantined.
        allow_shrink: whether a complete snapshot may delete more than half of a table.
        currency: ISO code that the reports print beside money; one currency is assumed throughout.
        memory_limit: bytes that each DuckDB may hold in memory; what is more goes to temp_dir.
        temp_dir: where it puts that. Of this data folder alone, because a refresh sweeps it.
        engine: what builds the marts, which are the same on each (PUB-15).
        spark_master: where Spark works; `local[*]` is on this machine.
        spark_remote: server of Spark Connect to use instead; None is none.
        autotask_username: of the API user that extracts are read by; with the two that follow,
            extraction is part of every refresh (EXT-1). Secrets, all three.
        autotask_secret: its password.
        autotask_integration_code: tracking identifier of the integration.
        autotask_url: where the zone of the tenant is looked up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    landing_dir: Folder = _setting("data/sample", "a folder", shapes_figures=False)
    data_dir: Annotated[Folder, AfterValidator(no_pattern)] = _setting(
        None, "a path without a wildcard character (* ? [ ] { })", shapes_figures=False
    )
    max_extract_age_hours: Annotated[Decimal, Field(gt=0)] = _setting(
        "36", "a number of hours above 0", shapes_figures=False
    )
    as_of_date: Annotated[date | None, BeforeValidator(a_plain_date)] = _setting(
        None, "a date of the calendar such as 2026-11-20"
    )
    nightly_cron: str = _setting("0 2 * * *", "a cron line", shapes_figures=False)
    readiness_cron: str = _setting("0 6 * * 1", "a cron line", shapes_figures=False)
    timezone: Annotated[str, AfterValidator(a_zone)] = _setting(
        "UTC", "a time zone such as Europe/Berlin", shapes_figures=False
    )
    data_url: Annotated[str | None, an_address("s3"), AfterValidator(only_a_place)] = _setting(
        None, "an address such as s3://bucket/prefix", shapes_figures=False
    )
    ingest_workers: Annotated[int, Field(ge=1, le=64)] = _setting(
        "1", "a whole number from 1 to 64", shapes_figures=False
    )
    keep_generations: Annotated[int, Field(ge=1, le=1_000_000)] = _setting(
        "7", "a whole number of at least 1", shapes_figures=False
    )
    ui_url: Annotated[str, IsWebAddress] = _setting(
        "http://127.0.0.1:3000", "an address such as http://host/path", shapes_figures=False
    )
    alert_webhook: Annotated[str | None, IsWebAddress] = _setting(
        None, "an address such as http://host/path", shapes_figures=False, is_secret=True
    )
    postgres_url: Annotated[str | None, an_address("postgresql", "postgres")] = _setting(
        None, "an address such as postgresql://host/path", shapes_figures=False, is_secret=True
    )
    max_quarantine_ratio: Annotated[Decimal, Field(ge=0, le=1)] = _setting(
        "0.05", "a ratio from 0 to 1"
    )
    allow_shrink: Switch = _setting("0", "one of 0, 1")
    decimal_mark: Annotated[dict[str, str], by_source(".", ",")] = _setting(
        {}, "one of . and , or one for each source, such as autotask=.;reference=,"
    )
    date_order: Annotated[dict[str, str], by_source("ymd", "mdy", "dmy")] = _setting(
        {}, "one of ymd, mdy and dmy, or one for each source, such as autotask=ymd;reference=dmy"
    )
    source_timezone: Annotated[str | None, AfterValidator(a_zone)] = _setting(
        None, "a time zone such as America/New_York"
    )
    po_fields: Annotated[tuple[str, ...], BeforeValidator(listed_names)] = _setting(
        (), "a list of names with ; between them"
    )
    po_required_field: str | None = _setting(None, "a name")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = _setting(
        "USD", "an ISO 4217 code such as EUR"
    )
    memory_limit: Annotated[ByteSize, Field(ge=LEAST_MEMORY)] = _setting(
        "1400MB", "a size of at least 256MB, such as 1500MB or 2GB", shapes_figures=False
    )
    temp_dir: Folder = _setting(None, "a folder", shapes_figures=False)
    engine: Literal["duckdb", "spark"] = _setting("duckdb", "one of duckdb, spark")
    spark_master: Annotated[str, Field(pattern=r"^(local(\[.+\])?|[a-z0-9]+:.+|yarn)$")] = _setting(
        "local[*]", "a master of Spark such as spark://host:7077", shapes_figures=False
    )
    spark_remote: Annotated[str | None, Field(pattern=r"^sc://\S+$")] = _setting(
        None, "an address such as sc://host:15002", shapes_figures=False, is_secret=True
    )
    autotask_username: Login = _LOGIN
    autotask_secret: Login = _LOGIN
    autotask_integration_code: Login = _LOGIN
    autotask_url: Annotated[str, IsWebAddress, AfterValidator(only_local_in_the_clear)] = _setting(
        "https://webservices.autotask.net",
        "an address such as https://host; http only on this machine",
        shapes_figures=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_that_depend(cls, given: dict[str, Any]) -> dict[str, Any]:
        default = "data/landing" if set(CREDENTIALS) <= given.keys() else "data/sample"
        landing_dir = in_the_repository(given.get("landing_dir", default))
        is_sample = landing_dir == SAMPLE_DIR
        data_dir = in_the_repository(
            given.get("data_dir", "data/demo" if is_sample else "data/live")
        )
        return (
            {"as_of_date": SAMPLE_AS_OF_DATE if is_sample else None}
            | given
            | {
                "landing_dir": landing_dir,
                "data_dir": data_dir,
                "temp_dir": _temp_dir(given.get("temp_dir"), Path(str(data_dir))),
            }
        )

    @property
    def extracts(self) -> bool:
        """Whether a refresh reads the extracts from Autotask itself."""
        return None not in (getattr(self, name) for name in CREDENTIALS)

    @property
    def is_sample(self) -> bool:
        """Whether the extracts are the committed sample."""
        return self.landing_dir == SAMPLE_DIR

    @property
    def dbt_target(self) -> str:
        """The output of dbt's profile that a build uses."""
        if self.engine == "duckdb":
            return self.engine
        return "spark_connect" if self.spark_remote else "spark"

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

    def shaping_figures(self) -> str:
        """Those settings, the day apart, of which another value can change what is published."""
        names = {
            name
            for name, field in type(self).model_fields.items()
            if isinstance(field.json_schema_extra, dict)
            and field.json_schema_extra["shapes_figures"]
        }
        return self.model_dump_json(include=names - {"as_of_date"})

    def environment(self, as_of_date: date) -> dict[str, str]:
        """Environment that the dbt project reads its paths and dates from."""
        return {
            "PSA_LANDING_DIR": str(self.landing_dir),
            "PSA_DATA_DIR": str(self.data_dir),
            # Not PSA_AS_OF_DATE: a process that lives on would take its first day for a setting.
            "PSA_RUN_AS_OF_DATE": as_of_date.isoformat(),
            "PSA_RUN_MEMORY_LIMIT": f"{int(self.memory_limit)}B",
            # Nor PSA_TEMP_DIR: this is a folder in it.
            "PSA_RUN_TEMP_DIR": str(self.temp_dir),
            "PSA_RUN_TARGET": self.dbt_target,
            "PSA_RUN_SPARK_MASTER": self.spark_master,
            "PSA_RUN_SPARK_REMOTE": self.spark_remote or "",
            "PSA_RUN_UPDATED_FACTS": "",  # all are made anew, unless a build has proven otherwise
            "DAGSTER_HOME": str(self.data_dir / "dagster"),
        }

    def hand_on(self, as_of_date: date) -> None:
        """Put the environment of dbt and Dagster in place for this process and its children.

        What the shell holds for the dbt of another project (`DBT_TARGET`, `DBT_WARN_ERROR`, …) is
        taken out: it would fail a refresh, or change what it builds.
        """
        for name in [name for name in os.environ if name.startswith("DBT_")]:
            del os.environ[name]
        os.environ.update(self.environment(as_of_date))

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
        _refuse_rows_of(Path(remembered.read_text(encoding="utf-8").rstrip("\n")), self)


def _refuse_rows_of(first: Path, settings: Settings) -> None:
    """Rows of two landing folders in one set of marts would be nobody's figures."""
    if first != settings.landing_dir:
        raise SettingError(
            f"PSA_DATA_DIR: {settings.data_dir} holds what was loaded from {first}, not from "
            f"{settings.landing_dir}. Set PSA_DATA_DIR to another folder for this landing folder; "
            f"if {first} only moved, write its new path into "
            f"{settings.data_dir / 'landing_dir.txt'}."
        )


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings; relative paths start at the root of the repository.

    Raises:
        SettingError: a variable cannot be read.
    """
    given = {
        name: text
        for name in Settings.model_fields
        if (text := environment.get(PREFIX + name.upper(), "").strip())
    }
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        raise SettingError(_in_words(str(error.errors()[0]["loc"][0]), given)) from None
    _check_extraction(settings, given)
    if problem := why_no_landing(settings.landing_dir):
        raise SettingError(f"PSA_LANDING_DIR: {problem}")
    return settings


def _check_extraction(settings: Settings, given: Mapping[str, str]) -> None:
    """Refuse half a login, and extracts beside the sample; make the default landing folder."""
    missing = [PREFIX + name.upper() for name in CREDENTIALS if name not in given]
    if 0 < len(missing) < len(CREDENTIALS):
        raise SettingError(
            f"{' and '.join(missing)}: not set, but the rest of the login is. Set all of "
            f"{', '.join(PREFIX + name.upper() for name in CREDENTIALS)}, or none."
        )
    if settings.extracts and settings.is_sample:
        raise SettingError(
            "PSA_LANDING_DIR: extracts of a tenant must not mix with the committed sample. Set it "
            "to another folder, or leave it unset for data/landing."
        )
    if settings.extracts and "landing_dir" not in given:
        try:
            settings.landing_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"PSA_LANDING_DIR: cannot make {settings.landing_dir}: {error}"
            ) from None


def unknown_settings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Say which variables look like a setting and are none; nothing reads them."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    told = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not name.startswith(INTERNAL):
            near = difflib.get_close_matches(name, known, 1)
            told.append(f"{name} is not a setting." + (f" Did you mean {near[0]}?" if near else ""))
    return told


def _in_words(name: str, given: Mapping[str, str]) -> str:
    """Say what is wrong with a setting; an address may hold a password, which is not repeated."""
    field = Settings.model_fields[name]
    facts = field.json_schema_extra
    wanted = facts["wanted"] if isinstance(facts, dict) else ""
    value = repr(given.get(name, "")) if field.repr else "the value"
    return f"{PREFIX}{name.upper()}: {value} is not {wanted}."
