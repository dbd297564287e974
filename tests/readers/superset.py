"""Superset, installed as the page says: the dashboard is imported, each of its charts is asked."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from orchestration.settings import ROOT
from tests.readers.recipes import CURRENT, blocks, installed, main, run, wanted

TOOL = "Superset"
VERSION = "6.1.0"
EXPORT = ROOT / "dbt_project/docs/bi/superset"
PATIENCE_SECONDS = 180  # of 2026-11-26: on a busy machine it starts within a minute
CONFIG = """
SECRET_KEY = "for-this-test-alone-{folder}"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
"""


def attempt(folder: Path, data_dir: Path) -> None:
    """Install, import, and compare the figures of the charts with the marts."""
    install, address, engine, *_ = blocks(TOOL)
    packages = [word.strip('"') for word in install.split()[2:]]
    assert packages[0] == "apache-superset"
    python = installed(folder, f"apache-superset=={VERSION}", *packages[1:])
    superset = python.with_name("superset")
    (folder / "superset.db").unlink(missing_ok=True)
    (folder / "config.py").write_text(CONFIG.format(folder=folder))
    variables = {"SUPERSET_CONFIG_PATH": str(folder / "config.py"), "FLASK_APP": "superset"}
    run(superset, "db", "upgrade", cwd=folder, **variables)
    who = ("--firstname", "a", "--lastname", "b", "--email", "a@example.com")
    run(
        *(superset, "fab", "create-admin", "--username", "admin", "--password", "admin", *who),
        cwd=folder,
        **variables,
    )
    run(superset, "init", cwd=folder, **variables)
    _pack(folder / "po_billing.zip", address.strip(), data_dir)
    run(
        *(superset, "import-dashboards", "-p", folder / "po_billing.zip", "-u", "admin"),
        cwd=folder,
        **variables,
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [superset, "run", "-h", "127.0.0.1", "-p", str(port)],
            cwd=folder,
            env={**os.environ, **variables},
            stdout=log,
            stderr=log,
        )
        try:
            _ask(f"http://127.0.0.1:{port}/api/v1", json.loads(engine), data_dir)
        finally:
            server.terminate()
            server.wait()


def _pack(target: Path, address: str, data_dir: Path) -> None:
    """Pack the dashboard as the page says, with the address of the marts that are there."""
    with ZipFile(target, "w") as packed:
        for path in sorted(EXPORT.rglob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            if path.parent.name == "databases":
                assert address in text, f"{path} and the page give other addresses"
                text = text.replace(CURRENT, str(data_dir / "marts/current"))
            packed.writestr(f"superset/{path.relative_to(EXPORT)}", text)


def _ask(api: str, engine: dict[str, Any], data_dir: Path) -> None:
    token = _call(f"{api}/security/login", None, **LOGIN)["access_token"]
    (database,) = _call(f"{api}/database/", token)["result"]
    details = _call(f"{api}/database/{database['id']}/connection", token)["result"]
    assert json.loads(details["extra"])["engine_params"] == engine
    charts = _call(f"{api}/chart/", token)["result"]
    assert len(charts) == len(list(EXPORT.glob("charts/*.yaml")))
    rows = {
        chart["slice_name"]: _call(f"{api}/chart/{chart['id']}/data/", token)["result"][0]["data"]
        for chart in charts
    }
    assert all(rows.values()), rows
    ((exposed,),) = wanted(data_dir, "select exposed_amount from marts.po_overview")
    assert Decimal(str(rows["Exposed amount"][0]["Exposed amount"])) == exposed
    by_client = rows["Exposed by client and age"]
    assert sum(Decimal(str(row["Exposed"])) for row in by_client) == exposed
    ((blocked,),) = wanted(
        data_dir, "select sum(total_amount) from marts.invoice_preview where is_blocked"
    )
    assert sum(Decimal(str(row["Amount"])) for row in rows["What is blocked, and why"]) == blocked
    ((count,),) = wanted(
        data_dir,
        "select count(*) from marts.po_utilization "
        "where utilization_status in ('over_budget', 'near_limit', 'expired')",
    )
    assert len(rows["POs that run out"]) == count


LOGIN = {"username": "admin", "password": "admin", "provider": "db", "refresh": False}


def _call(url: str, token: str | None, **body: Any) -> dict[str, Any]:
    """Ask the API; waits for the server to start."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Content-Type": "application/json"} if body else {}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own server
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                answered: dict[str, Any] = json.load(answer)
                return answered
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{url}: {error} {error.read()[:2000]!r}") from None
        except urllib.error.URLError:
            if time.monotonic() > patience:
                raise
            # 2026-11-26: the server is asked again until it is up, PATIENCE_SECONDS at most.
            time.sleep(1)


if __name__ == "__main__":
    main(TOOL, VERSION, attempt)
