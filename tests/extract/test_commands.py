"""The extraction as its users start it: what ends it, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.extract import extraction
from orchestration.extract.errors import ExtractionError, Shrunk
from orchestration.extract.parts import deliver
from orchestration.extract.state import Part
from orchestration.extract.survey import survey
from orchestration.operate.triggers import _fingerprint
from orchestration.settings import ROOT, read_settings
from tests.conftest import environment, python
from tests.extract.conftest import Site
from tests.extract.faults import errors
from tests.extract.server import LOGIN, Call, Tenant


def run(site: Site, command: str = "extract", **variables: str) -> tuple[int, str, str]:
    return python("-m", "orchestration.cli", command, **(site.environment | variables))


def delivered(site: Site) -> list[Path]:
    return [path for path in site.landing.rglob("*") if path.is_file() and path.suffix != ".part"]


def holds_secrets(site: Site, *texts: str) -> list[str]:
    """Where one of the secrets can be read."""
    secrets = [LOGIN["PSA_AUTOTASK_SECRET"], LOGIN["PSA_AUTOTASK_INTEGRATION_CODE"]]
    found = [text for text in texts if any(secret in text for secret in secrets)]
    for folder in (site.landing, site.settings.data_dir):
        for path in folder.rglob("*"):
            if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets):
                found.append(str(path))
    return found


def test_an_extraction_alone_loads_nothing_large(site: Site) -> None:
    """EXT-11: it starts at once, and stays small; DuckDB loads pandas where it is given a value."""
    site.extract()
    site.load()
    site.world.live_on()
    night = (
        "import sys; from orchestration.cli import app; app(['extract'], standalone_mode=False); "
        "print(*{'dagster', 'pandas', 'polars', 'pyarrow'} & {*sys.modules})"
    )
    code, output, told = python("-c", night, **site.environment)
    assert code == 0, told
    assert output.splitlines()[-1] == ""
    assert site.rows() == site.expected()


def test_a_refused_login_ends_the_refresh_at_once(site: Site) -> None:
    """EXT-6, EXT-4: red after one login, nothing delivered, nothing published, nothing told."""
    site.tenant.login["PSA_AUTOTASK_SECRET"] = "changed"  # noqa: S105
    code, output, told = run(site, "run")
    assert code == 1
    assert "refuses the login (401)" in told
    assert "Nothing was published" in told
    assert len([call for call in site.tenant.calls if "V1.0" in call.path]) == 1
    assert delivered(site) == []
    assert holds_secrets(site, output, told) == []


def test_a_tenant_that_has_moved_is_followed_once(site: Site) -> None:
    """EXT-6."""

    def moves(tenant: Tenant, call: Call) -> None:
        if call.path.endswith("/Contracts/query"):
            tenant.zone = "zone2"

    site.tenant.fault = moves
    site.extract()
    assert site.rows() == site.expected()


def test_a_lost_permission_ends_the_run_and_is_named(site: Site) -> None:
    """EXT-10."""
    site.extract()
    site.load()
    before = delivered(site)
    site.world.live_on()
    site.tenant.forbidden = {"TicketCharges"}
    code, _, told = run(site)
    assert code == 1
    assert "TicketCharges" in told
    assert "permission" in told
    assert delivered(site) == before


def test_an_optional_entity_that_was_never_shown_is_left_out(site: Site) -> None:
    """EXT-10."""
    site.tenant.forbidden = {"Tickets", "BillingItems"}
    warnings = site.extract()
    assert [words.partition(":")[0] for words in warnings] == ["Tickets", "BillingItems"]
    assert not {"tickets", "billing_items"} & site.files().keys()
    site.tenant.forbidden = {"Contracts"}
    with pytest.raises(ExtractionError, match="Contracts"):
        site.extract()


@pytest.mark.parametrize("entity", ["Companies", "TimeEntries", "ProjectCharges"])
def test_an_entity_that_suddenly_shrinks_ends_the_run(site: Site, entity: str) -> None:
    """EXT-9."""
    site.extract()
    site.load()
    before = delivered(site)
    site.world.live_on()
    rows = site.tenant.rows[entity]
    kept = dict(list(rows.items())[: len(rows) * 7 // 10 if len(rows) > 12 else 0])
    rows.clear()
    rows.update(kept)
    with pytest.raises(Shrunk, match=entity):
        site.extract()
    assert delivered(site) == before
    allowed = site.environment | {"PSA_ALLOW_SHRINK": "1"}
    site.settings = read_settings(allowed)
    site.extract()
    assert site.rows() == site.expected()


def test_a_mistake_of_ours_is_shown_and_not_tried_again(site: Site) -> None:
    """EXT-6."""

    def refuses(_: Tenant, call: Call) -> tuple[int, dict[str, str], bytes] | None:
        is_ours = call.path.endswith("/Projects/query")
        return (500, {}, errors("Unable to find field odd in Projects")) if is_ours else None

    site.tenant.fault = refuses
    with pytest.raises(ExtractionError, match="Unable to find field odd"):
        site.extract()
    assert len([call for call in site.tenant.pages() if "Projects" in call.path]) == 1


def test_an_id_that_was_read_before_is_not_trusted(site: Site) -> None:
    """EXT-5."""
    page = b'{"items": [{"id": 3}], "pageDetails": {"nextPageUrl": "more"}}'

    def repeats(_: Tenant, call: Call) -> tuple[int, dict[str, str], bytes] | None:
        return (200, {}, page) if call.path.endswith("/Companies/query") else None

    site.tenant.fault = repeats
    with pytest.raises(ExtractionError, match="not to be trusted"):
        site.extract()


@pytest.mark.parametrize(
    "headers", [{"Retry-After": "2"}, {"Retry-After": "date"}], ids=["seconds", "date"]
)
def test_no_call_comes_earlier_than_asked(site: Site, headers: dict[str, str]) -> None:
    """EXT-6."""
    waited: list[float] = []

    def limits(tenant: Tenant, call: Call) -> tuple[int, dict[str, str], bytes] | None:
        if not call.path.endswith("/Contracts/query"):
            return None
        waited.append(call.moment)
        if len(waited) > 1:
            return None
        asked = "Fri, 20 Nov 2026 02:00:02 GMT" if headers["Retry-After"] == "date" else "2"
        return 429, {"Retry-After": asked}, b""

    site.tenant.fault = limits
    site.extract()
    assert waited[1] - waited[0] >= 2


def test_hostile_texts_and_long_numbers_arrive_as_they_are(site: Site) -> None:
    """EXT-2: half a character apart."""
    name = 'Itgenatr005 "quoted" \u0000 \ud83d\ude00 , line\nbreak; adequate permissions'
    site.tenant.rows["Companies"][3]["companyName"] = name
    site.tenant.rows["Companies"][4]["companyName"] = "half \ud800 a character"
    site.tenant.rows["Companies"][5]["unasked"] = 1
    site.extract()
    rows = site.rows()["Companies"]
    assert rows[3]["companyName"] == name.encode("utf-16", "surrogatepass").decode("utf-16")
    assert rows[4]["companyName"] == "half \ufffd a character"
    assert "unasked" not in rows[5]


def test_the_second_extraction_waits_for_the_first_to_be_loaded(site: Site) -> None:
    """EXT-8: nothing that takes long is read twice."""
    site.extract()
    site.tenant.calls.clear()
    assert any("waits to be loaded" in words for words in site.extract())
    assert not [call for call in site.tenant.pages() if "TimeEntries" in call.path]


def test_without_its_memory_everything_is_read_once_more(site: Site) -> None:
    """EXT-8."""
    site.extract()
    site.load()
    (site.settings.data_dir / "extract" / "state.json").unlink()
    site.world.live_on()
    site.extract()
    assert site.rows() == site.expected()
    assert ".full." in site.files()["tickets"][-1].name


def test_a_file_that_was_taken_out_is_made_up_for(site: Site) -> None:
    """EXT-8: the next pass goes back to the watermark before it."""
    site.extract()
    site.load()
    site.world.live_on()
    site.extract()
    site.files()["tickets"][-1].unlink()  # never loaded
    site.load()
    site.tenant.now = site.tenant.now.replace(hour=5)
    site.extract()
    assert site.rows()["Tickets"] == site.expected()["Tickets"]


def test_kills_cost_at_most_a_page_each(tmp_path: Path, site: Site) -> None:
    """EXT-7: nothing unfinished is delivered, and the next run goes on where the last one was."""
    site.tenant.page_rows = 10
    site.tenant.fault = _slowly
    kills = 0
    for after in (3, 15, 30, 45, 60, 80):
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "extract"],
            cwd=ROOT,
            env=environment(**site.environment),
            stdout=subprocess.DEVNULL,
        )
        while len(site.tenant.pages()) < after and process.poll() is None:
            # 2026-11-26: asks again whether so many pages were read; ends with the process at last.
            time.sleep(0.005)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        assert delivered(site) == []
    assert kills == 6
    code, _, told = run(site)
    assert code == 0, told
    assert site.rows() == site.expected()
    disturbed = len(site.tenant.calls)
    site.tenant.calls.clear()
    again = site.environment | {"PSA_DATA_DIR": str(tmp_path / "again")}
    landing = tmp_path / "landing-again"
    landing.mkdir()
    Site(site.world, read_settings(again | {"PSA_LANDING_DIR": str(landing)}), again).extract()
    assert disturbed <= len(site.tenant.calls) + kills


def _slowly(_: Tenant, __: Call) -> None:
    # 2026-11-26: a server that answers slowly enough to be killed between two of its pages.
    time.sleep(0.01)


def test_a_kill_between_renames_is_completed_before_anything_is_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXT-7."""
    done: list[str] = []

    def dies(landing: Path, part: Part) -> None:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(part.name)
        deliver(landing, part)

    monkeypatch.setattr(extraction, "deliver", dies)
    with pytest.raises(KeyboardInterrupt):
        site.extract()
    monkeypatch.undo()
    assert len(delivered(site)) == 5
    site.tenant.calls.clear()
    assert "died while it delivered" in site.extract()[0]
    assert site.tenant.calls == []
    assert site.rows() == site.expected()
    assert not list(site.landing.rglob("*.part"))


def test_doctor_says_what_may_be_read_and_how_long_it_takes(site: Site) -> None:
    """EXT-10, EXT-11."""
    site.tenant.forbidden = {"Tickets", "Contracts"}
    site.tenant.rows["Invoices"] = {}
    _, output, _ = run(site, "doctor")
    assert "ok       landing     nothing is extracted yet; `make run` does it" in output
    lines = [line for line in output.splitlines() if " autotask " in line]
    assert f"{site.tenant.url}/zone1/" in lines[0]
    assert any("TimeEntries: 400 rows can be read" in line for line in lines)
    assert any("Tickets: no permission, so it is left out" in line for line in lines)
    assert any("Invoices: 0 rows can be read; a right" in line for line in lines)
    assert any("a full extraction reads" in line for line in lines)
    assert lines[-1].startswith("problem")
    assert "Contracts: the API user has no permission" in lines[-1]
    assert not any("Contracts" in line for line in lines[:-1])
    assert site.tenant.pages() == []
    site.tenant.forbidden = set()
    site.extract()
    site.tenant.forbidden = {"Tickets"}
    with pytest.raises(ExtractionError, match="Tickets: the API user has no permission"):
        list(survey(site.settings))


def test_the_landing_sensor_passes_over_what_was_extracted(site: Site) -> None:
    """EXT-12."""
    before = _fingerprint(site.settings)
    site.extract()
    assert _fingerprint(site.settings) == before
    (site.landing / "autotask" / "charges.csv").write_text("id\n")
    assert _fingerprint(site.settings) != before


def test_more_than_half_of_the_limit_makes_it_wait(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXT-11."""
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        site.tenant.used = 4_000

    monkeypatch.setattr("orchestration.extract.connection.time.sleep", pause)
    site.tenant.used = 7_000
    assert any("70% of Autotask's hourly limit" in words for words in site.extract())
    assert waited == [60]


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits end at once."""
    monkeypatch.setattr("orchestration.extract.connection.time.sleep", lambda _: None)


@pytest.mark.usefixtures("no_waiting")
def test_a_redirect_is_not_followed(site: Site) -> None:
    """EXT-4: the login stays with the zone."""
    elsewhere = {"Location": f"{site.tenant.url}/elsewhere"}

    def redirects(_: Tenant, call: Call) -> tuple[int, dict[str, str], bytes] | None:
        return (307, elsewhere, b"") if call.path.endswith("/Companies/query") else None

    site.tenant.fault = redirects
    with pytest.raises(
        ExtractionError, match=r"redirect to 127\.0\.0\.1:\d+, which is not followed"
    ):
        site.extract()
    assert not [call for call in site.tenant.calls if call.path == "/elsewhere"]
    assert delivered(site) == []


@pytest.mark.usefixtures("no_waiting")
def test_the_login_goes_to_a_zone_by_https_only(site: Site) -> None:
    """EXT-4: and without it every answer is asked for six times at most."""
    site.tenant.fault = lambda *_: (200, {}, b'{"url": "http://webservices5.autotask.net/x/"}')
    with pytest.raises(ExtractionError, match="no usable answer in 6 tries"):
        site.extract()
    assert len(site.tenant.calls) == 6
    assert not [call for call in site.tenant.calls if call.has_login]


def test_user_defined_fields_are_asked_for_where_settings_name_one(site: Site) -> None:
    """EXT-3."""
    site.settings = read_settings(site.environment | {"PSA_PO_FIELDS": "Client PO"})
    site.extract()
    asking = {
        call.path.split("/")[-2]
        for call in site.tenant.pages()
        if "userDefinedFields" in call.body["IncludeFields"]
    }
    assert asking == {"Contracts", "Projects", "Tasks", "Tickets"} | {
        f"{kind}Charges" for kind in ("Contract", "Project", "Ticket", "ChangeOrder")
    }


def test_what_took_long_is_kept_after_an_error_and_brought_up_to_date(site: Site) -> None:
    """EXT-7."""
    site.tenant.fault = lambda _, call: (
        (500, {}, errors("Invalid call")) if "/BillingCodes/query" in call.path else None
    )
    with pytest.raises(ExtractionError, match="Invalid call"):
        site.extract()
    site.tenant.fault = None
    site.tenant.calls.clear()
    site.world.tenant.now += timedelta(hours=20)
    site.world.change("TimeEntries", 7, hoursWorked=3.5)
    site.tenant.rows["ContractCharges"][1]["purchaseOrderNumber"] = "PO-LATER"
    site.world.change("Companies", 2, companyName="Renamed")
    site.extract()
    assert site.rows() == site.expected()
    entries = [call for call in site.tenant.pages() if "/TimeEntries/" in call.path]
    assert [call.body["filter"][0]["op"] for call in entries] == ["or"]
