"""The fields that are asked for are those of the raw tables."""

import pytest

from orchestration.extract.entities import ENTITIES, INVOICES
from orchestration.extract.known import LEDGER, Known
from orchestration.ingest import raw_store
from orchestration.ingest.guards import known_keys
from orchestration.ingest.keys import alive_keys
from schemas import RAW_TABLES
from schemas.headers import plain
from tests.extract.conftest import LOADED, Site

# Columns that no field of REST holds.
ABSENT = {
    "companies": {"po_required"},
    "contract_milestones": {"project_id", "project_number", "last_modified_at"},
    "time_entries": {"billing_amount", "is_billed", "invoice_number"},
    "billing_items": {"last_modified_at"},
} | {
    f"{kind}_charges": {
        *("company_id", "milestone_id", "material_code_name", "invoice_number", "last_modified_at"),
        *{"contract_id", "project_id", "task_id", "ticket_id"} - {parent},
    }
    for kind, parent in (
        ("contract", "contract_id"),
        ("project", "project_id"),
        ("ticket", "ticket_id"),
        ("change_order", "task_id"),
    )
}


@pytest.mark.parametrize("name", LOADED)
def test_every_column_has_its_field(name: str) -> None:
    """EXT-3."""
    entity = ENTITIES[name]
    table = RAW_TABLES["autotask", entity.table]
    fields = ["id", *entity.fields.replace("|", " ").split()]
    matched = table.headers().match(fields)
    assert table.columns().keys() - matched == ABSENT.get(entity.table, set())
    assert table.headers().drift(fields)[0] == []
    assert entity.is_optional == table.is_optional()


def test_every_table_of_autotask_is_read() -> None:
    """EXT-3: but the one of charges of any kind, which the tables a kind stand for."""
    tables = {table for source, table in RAW_TABLES if source == "autotask"}
    read = {entity.table for entity in ENTITIES.values()} | {"picklist_values"}
    assert tables - read == {"charges"}


def test_older_tenants_are_asked_for_what_they_have() -> None:
    """EXT-3."""
    entity = ENTITIES["Contracts"]
    tenant = {plain(name): name for name in ("id", "companyId", "contractName")}
    asked, lacking = entity.asked(tenant, ["PO of the client"])
    assert asked == ["id", "companyId", "contractName", "userDefinedFields"]
    assert "lastModifiedDateTime" in lacking
    assert "isVoided" in ENTITIES[INVOICES].asked({}, [])[0]


def test_what_is_known_are_the_current_rows(site: Site) -> None:
    """EXT-8."""
    assert LEDGER.encode() == raw_store.LEDGER
    for _ in range(2):
        site.extract()
        site.load()
        site.world.live_on()
        # It will be quarantined, and is still there.
        site.world.change("Tickets", min(site.tenant.rows["Tickets"]), title="")
    for name in LOADED:
        files = raw_store.TableFiles("autotask", ENTITIES[name].table, site.settings)
        known = Known(site.settings, ENTITIES[name])
        assert known.count() == len(alive_keys(known_keys(files))), name
