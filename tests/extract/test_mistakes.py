"""Odd nights of an extraction: no secret is shown, nothing is forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from orchestration.extract import deletions
from orchestration.extract.answers import SHOWN_CHARACTERS, Answer, Item, Literal
from orchestration.extract.client import Client, item_id
from orchestration.extract.connection import Credentials
from orchestration.extract.errors import (
    CredentialsRefused,
    ExtractionError,
    LimitReached,
    Shrunk,
)
from orchestration.extract.known import Known
from orchestration.extract.passes import basis
from orchestration.extract.state import MOST_DELIVERIES, Delivery, State, Told
from orchestration.settings import read_settings
from tests.extract.conftest import Site
from tests.extract.faults import errors
from tests.extract.server import Call, Fault, Tenant, later
from tests.extract.worlds import stamped

LOGIN = Credentials("user@example.com", 'secret "word"', "CODE4711", "https://example.com")


def failing_at(path: str, status: int = 500, text: str = "Invalid call") -> Fault:
    """Every call of a path ends a run."""
    return lambda _, call: (status, {}, errors(text)) if path in call.path else None


def test_a_secret_at_the_edge_of_what_is_shown_is_not_cut_but_scrubbed() -> None:
    """EXT-6."""
    for secret in (LOGIN.secret, LOGIN.integration_code, LOGIN.username):
        for before in range(SHOWN_CHARACTERS - len(secret), SHOWN_CHARACTERS):
            shown = LOGIN.scrubbed(Answer(500, {}, "x" * before + secret).errors())
            assert len(shown) <= SHOWN_CHARACTERS
            assert shown.strip("x*") == ""


def test_the_newest_full_delivery_is_remembered_however_many_follow_it() -> None:
    """EXT-8."""
    state = State()
    state.remember("Tasks", Delivery("w0", is_full=True, files={"tasks/a": "1"}))
    for number in range(1, MOST_DELIVERIES + 3):
        state.remember("Tasks", Delivery(f"w{number}", is_full=False, files={}))
        state.remember_told(Told([number], is_full=False, files={}))
    kept = state.deliveries["Tasks"]
    assert [one.watermark for one in kept if one.is_full] == ["w0"]
    assert kept[-1].watermark == f"w{MOST_DELIVERIES + 2}"
    assert len(kept) == MOST_DELIVERIES + 1
    assert len(state.told) == MOST_DELIVERIES


class Loaded:
    """Stands for what is known: the files that are loaded."""

    def __init__(self, *names: str) -> None:
        """Name them."""
        self._names = names

    def has(self, batch: str, _: str) -> bool:
        """Whether one is."""
        return batch in self._names


def test_a_delivery_that_was_refused_is_made_up_for_by_the_next() -> None:
    """EXT-8: and is not gone back to for good."""
    deliveries = [
        Delivery("w1", is_full=True, files={"a": ""}, fields=["id", "Title"]),
        Delivery("w2", is_full=False, files={"b": "", "b.deleted": ""}, basis="w1"),
        Delivery("w3", is_full=False, files={"c": ""}, basis="w1"),
        Delivery("w4", is_full=False, files={"d": ""}, basis="w3"),
    ]

    def reached(*loaded: str, fields: tuple[str, ...] = ()) -> str:
        return basis(deliveries, cast(Known, Loaded(*loaded)), fields)

    assert reached() == reached("b", "b.deleted", "c", "d") == ""
    assert reached("a") == reached("a", "b") == reached("a", "d") == "w1"
    assert reached("a", "b", "b.deleted") == "w2"
    assert reached("a", "c") == reached("a", "b", "b.deleted", "c") == "w3"
    assert reached("a", "c", "d", fields=("ID", "title")) == "w4"
    assert reached("a", "c", "d", fields=("id",)) == ""


@pytest.mark.parametrize("is_first_loaded", [True, False])
def test_items_of_a_voided_invoice_are_read_until_they_are_loaded(
    site: Site, is_first_loaded: bool
) -> None:
    """EXT-8: also when only the invoice was loaded, or the items of the day before were not yet."""
    site.extract()
    if is_first_loaded:
        site.load()
    site.world.live_on()
    site.extract()  # invoice 4 is voided, which changes its items
    if is_first_loaded:
        for path in site.files()["billing_items"][1:]:
            path.unlink()
    site.load()
    later(site.tenant, hours=1)
    site.extract()
    assert site.rows()["BillingItems"] == site.expected()["BillingItems"]
    site.load()
    site.tenant.calls.clear()
    later(site.tenant, hours=1)
    site.extract()
    told = [call for call in site.tenant.pages() if "/BillingItems/" in call.path]
    assert all(len(call.body["filter"][0].get("value") or ()) < 5 for call in told)


def test_what_was_read_twice_after_an_interruption_is_counted_once(site: Site) -> None:
    """EXT-9: else rows that changed would stand for rows that are hidden."""
    site.extract()
    site.load()
    (site.settings.data_dir / "extract" / "state.json").unlink()
    site.tenant.page_rows = 35
    site.tenant.fault = fails_later = FailsLater("/Tickets/query", 3)
    with pytest.raises(ExtractionError, match="Invalid call"):
        site.extract()
    assert fails_later.calls == 4
    site.tenant.fault = None
    later(site.tenant, hours=20)
    tickets = site.tenant.rows["Tickets"]
    for number in sorted(tickets)[110:]:
        del tickets[number]
    for number in sorted(tickets)[:45]:
        site.world.change("Tickets", number, title="Changed")
    with pytest.raises(Shrunk, match="shows 110 rows, 150 are known"):
        site.extract()


class FailsLater:
    """Calls of a path are answered so many times, then they end a run."""

    def __init__(self, path: str, good: int) -> None:
        """Say which."""
        self._path, self._good, self.calls = path, good, 0

    def __call__(self, _: Tenant, call: Call) -> tuple[int, dict[str, str], bytes] | None:
        """Answer or fail."""
        self.calls += call.path.endswith(self._path)
        return (500, {}, errors("Invalid call")) if self.calls > self._good else None


def test_after_a_lost_permission_is_given_back_everything_is_read(site: Site) -> None:
    """EXT-9: nothing of what was read without it is kept."""
    site.extract()
    site.load()
    (site.settings.data_dir / "extract" / "state.json").unlink()
    shown = dict(site.tenant.rows["Tickets"])
    for number in sorted(shown)[:50]:
        del site.tenant.rows["Tickets"][number]
    with pytest.raises(Shrunk):
        site.extract()
    assert not list(site.landing.rglob("tickets/*.part"))
    site.tenant.rows["Tickets"] = shown
    site.extract()
    assert site.rows() == site.expected()


def test_a_comparison_goes_on_after_a_kill(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """EXT-7, EXT-9: the blocks are those that were counted, whatever was found missing since."""
    monkeypatch.setattr(deletions, "BLOCK_IDS", 50)
    monkeypatch.setattr(deletions, "PAGE_ROWS", 20)
    site.extract()
    site.load()
    later(site.tenant, days=1)
    for number in (10, *range(50, 100), 130, 310):  # all of one block among them
        del site.tenant.rows["TimeEntries"][number]
    for number in (7, 130, 131):
        site.tenant.rows["ContractCharges"].pop(number, None)
    asked: list[int] = []
    count = Client.count

    def killed(self: Client, entity: str, *conditions: dict[str, Any]) -> int:
        if entity == "TimeEntries":
            start = conditions[0]["value"]
            if start == 300 and start in asked:
                raise KeyboardInterrupt
            asked.append(start)
        return count(self, entity, *conditions)

    monkeypatch.setattr(Client, "count", killed)
    with pytest.raises(KeyboardInterrupt):
        site.extract()
    monkeypatch.setattr(Client, "count", count)
    assert asked[:9] == [*range(0, 450, 50)]
    site.tenant.calls.clear()
    site.extract()
    assert site.rows() == site.expected()
    counted = [
        call.body["filter"][0]["value"]
        for call in site.tenant.calls
        if "/TimeEntries/query/count" in call.path
    ]
    assert counted[0] == 300  # nothing is counted twice


def test_a_limit_that_lasts_too_long_ends_the_run(site: Site) -> None:
    """EXT-6: also where only the use of the limit was asked for."""
    site.tenant.fault = lambda _, call: (
        (429, {"Retry-After": "9000"}, b"") if "Threshold" in call.path else None
    )
    with pytest.raises(LimitReached, match="another 9,000 s"):
        site.extract()
    assert len(site.tenant.calls) == 2


def test_a_refused_login_stays_refused_where_the_zone_is_not_found(site: Site) -> None:
    """EXT-6: and nothing is tried again."""

    def refuses(tenant: Tenant, call: Call) -> tuple[int, dict[str, str], bytes] | None:
        if "V1.0" in call.path:
            return 401, {}, b""
        return (503, {}, b"") if len(tenant.calls) > 1 else None

    site.tenant.fault = refuses
    with pytest.raises(CredentialsRefused, match="PSA_AUTOTASK_SECRET"):
        site.extract()
    assert len(site.tenant.calls) == 3
    assert len([call for call in site.tenant.calls if call.has_login]) == 1


def test_other_fields_make_everything_be_read_once_more(site: Site) -> None:
    """EXT-8: records that do not change would stay without what is asked for now."""
    site.tenant.fields["Tickets"].remove("purchaseOrderNumber")
    site.extract()
    site.load()
    site.tenant.fields["Tickets"].append("purchaseOrderNumber")
    site.settings = read_settings(site.environment | {"PSA_PO_FIELDS": "Client PO"})
    later(site.tenant, days=1)
    warnings = site.extract()
    assert [words.partition(":")[0] for words in warnings if "other fields" in words] == [
        *("Tasks", "Tickets"),
        *(f"{kind}Charges" for kind in ("Contract", "Project", "Ticket", "ChangeOrder")),
    ]
    assert {
        number: row["purchaseOrderNumber"] for number, row in site.rows()["Tickets"].items()
    } == {number: row["purchaseOrderNumber"] for number, row in site.tenant.rows["Tickets"].items()}
    assert ".full." not in site.files()["time_entries"][-1].name


def test_fields_may_come_and_go_after_an_error(site: Site) -> None:
    """EXT-7: what was read with other fields is read once more, not asked for in vain."""
    site.tenant.fault = failing_at("/BillingCodes/query")
    with pytest.raises(ExtractionError):
        site.extract()
    site.tenant.fault = None
    site.tenant.fields["Tasks"].remove("taskNumber")
    site.tenant.calls.clear()
    later(site.tenant, hours=1)
    assert any("no field taskNumber" in words for words in site.extract())
    again = [call.path.split("/")[-2] for call in site.tenant.pages()]
    assert again.count("Tasks") == 1
    assert again.count("TimeEntries") == 1
    assert all("taskNumber" not in row for row in site.rows()["Tasks"].values())
    assert site.rows()["TimeEntries"] == site.expected()["TimeEntries"]


def test_without_a_field_that_says_so_changes_are_found_by_reading_everything(site: Site) -> None:
    """EXT-8."""
    site.tenant.fields["TimeEntries"].remove("lastModifiedDateTime")
    assert any("each time" in words for words in site.extract())
    site.load()
    later(site.tenant, days=1)
    site.tenant.rows["TimeEntries"][7] |= {"hoursWorked": 9.5}
    site.tenant.rows["TimeEntries"][8]["createDateTime"] = stamped(
        site.tenant.now - timedelta(hours=1)
    )
    site.extract()
    assert site.rows()["TimeEntries"][7]["hoursWorked"] == 9.5
    assert ".full." in site.files()["time_entries"][-1].name


def test_an_id_is_a_whole_number_however_it_is_written() -> None:
    """EXT-5."""
    right: list[Any] = [Literal("12"), Literal("12.0"), "12", " 12 ", "12.000"]
    assert {item_id(Item("", {"id": one}), "Tasks") for one in right} == {12}
    assert item_id(Item("", {"Id": Literal("12")}), "Tasks") == 12
    wrong: list[Any] = [True, None, Literal("1.5"), "x", "", "1e3", [], "\u0661"]
    for one in wrong:
        with pytest.raises(ExtractionError, match=r"^Tasks: a record without a whole"):
            item_id(Item("{}", {"id": one}), "Tasks")


def test_fields_of_any_type_are_delivered_as_they_came(site: Site) -> None:
    """EXT-2, EXT-5: one page has ids as texts, another with a fraction."""
    forms: list[Callable[[int], str]] = [str, '"{}"'.format, "{}.0".format]

    def drifts(tenant: Tenant, call: Call) -> tuple[int, dict[str, str], bytes] | None:
        if not call.path.endswith("/Tasks/query"):
            return None
        after = call.body["filter"][-1]["value"]
        numbers = [one for one in sorted(tenant.rows["Tasks"]) if one > after][:20]
        form = forms[len(tenant.pages()) % 3]
        items = ",".join(
            f'{{"id":{form(one)},"projectID":"{one % 20 + 1}","title":{one},"status":"1",'
            f'"new":[{{"a":1}}]}}'
            for one in numbers
        )
        text = f'{{"items":[{items}],"pageDetails":{{"nextPageUrl":"more"}}}}'
        return 200, {}, text.encode()

    site.tenant.fault = drifts
    site.extract()
    site.load()
    rows = site.rows()["Tasks"]
    assert {int(float(number)) for number in rows} == set(site.tenant.rows["Tasks"])
    assert not any("new" in row for row in rows.values())
