"""Import the datasets into Superset, ask them through its API, and compare with the metrics.

By hand, because Superset takes minutes to install and is no part of the lock:

    python3 -m venv ../superset
    uv pip install --python ../superset/bin/python apache-superset==6.1.0 duckdb==1.5.6 \
        duckdb-engine rich cachetools "flask-caching<2.4"
    .venv/bin/python -m tests.serve.superset_by_hand ../superset data/demo
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.serve.bi.superset import FOLDER, URI
from orchestration.serve.generated import BI
from tests.serve.figures import Marts, total

SETTINGS = """
SECRET_KEY = "x" * 42
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = TALISMAN_ENABLED = PREVENT_UNSAFE_DB_CONNECTIONS = False
"""
# Runs in Superset's own environment.
QUERIES = """
import json, sys
from superset.app import create_app
answers = {}
with create_app().test_client() as client:
    login = {"username": "admin", "password": "admin", "provider": "db"}
    token = client.post("/api/v1/security/login", json=login).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    found = client.get("/api/v1/dataset/?q=(page_size:100)", headers=headers).get_json()["result"]
    for dataset in found:
        told = client.get(f"/api/v1/dataset/{dataset['id']}", headers=headers).get_json()["result"]
        metrics = [metric["metric_name"] for metric in told["metrics"]]
        columns = {column["column_name"] for column in told["columns"]}
        for cut in [[], *([name] for name in ("company_id", "contract_type") if name in columns)]:
            query = {"metrics": metrics, "columns": cut, "row_limit": 10000}
            asked = {"datasource": {"id": dataset["id"], "type": "table"}, "queries": [query]}
            answer = client.post("/api/v1/chart/data", headers=headers, json=asked).get_json()
            rows = answer["result"][0]["data"]
            answers[" ".join([dataset["table_name"], *cut])] = [metrics, cut, rows]
json.dump(answers, open(sys.argv[1], "w"), default=str)
"""


def main(superset: Path, data_dir: Path) -> int:
    """Import, ask and compare; prints what differs and how much was compared."""
    current = (data_dir / "marts" / "current").resolve()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "superset_config.py").write_text(SETTINGS.format(folder=folder))
        environment = os.environ | {
            "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"),
            "FLASK_APP": "superset",
        }
        told = Path(shutil.copytree(BI / FOLDER, folder / FOLDER))
        [database] = (told / "databases").glob("*.yaml")
        where = f"duckdb:///{current / 'psa_marts.duckdb'}"
        database.write_text(database.read_text().replace(URI, where))
        with zipfile.ZipFile(folder / "po_marts.zip", "w") as packed:
            for path in told.rglob("*.yaml"):
                packed.write(path, path.relative_to(folder))
        account = ["--username", "admin", "--firstname", "a", "--lastname", "b", "--email", "a@b.c"]
        for arguments in (
            ["db", "upgrade"],
            ["fab", "create-admin", *account, "--password", "admin"],
            ["init"],
            ["import-datasources", "-p", str(folder / "po_marts.zip"), "-u", "admin"],
        ):
            subprocess.run(
                [superset / "bin" / "superset", *arguments], env=environment, check=True, cwd=folder
            )
        (folder / "queries.py").write_text(QUERIES)
        answers = folder / "answers.json"
        subprocess.run(
            [superset / "bin" / "python", folder / "queries.py", answers],
            env=environment,
            check=True,
        )
        differences, compared = compare(json.loads(answers.read_text()), current)
    print("\n".join(differences))
    print(f"{compared} figures compared, {len(differences)} differ")
    return 1 if differences or not compared else 0


def compare(answers: dict[str, Any], generation: Path) -> tuple[list[str], int]:
    """Where Superset says something else than the metrics, and how many figures there were."""
    differences, compared = [], 0
    with duckdb.connect(generation / "psa_marts.duckdb", read_only=True) as connection:
        marts = Marts(connection, generation / "semantic_manifest.json")
        for name, (metrics, cut, rows) in answers.items():
            if cut:
                keys = {one.key: one.name for one in marts.definitions.dimensions.values()}
                expected = marts.answered(metrics, [keys[cut[0]]])
            else:
                expected = {(): {metric: total(marts, metric) for metric in metrics}}
            if len(rows) != len(expected):
                differences.append(f"{name}: {len(rows)} groups, not {len(expected)}")
            for row in rows:
                for metric in metrics:
                    compared += 1
                    wanted = expected[tuple(row[one] for one in cut)][metric]
                    if not _same(row[metric], wanted):
                        differences.append(f"{name}, {row}: {metric} is not {wanted}")
    return differences, compared


def _same(told: Any, wanted: Any) -> bool:
    """Superset's JSON has floats, and dates as milliseconds."""
    if told is None or wanted is None:
        return told is wanted
    if isinstance(wanted, date):
        return datetime.fromtimestamp(told / 1000, UTC).date() == wanted
    return round(float(told), 4) == round(float(wanted), 4)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
