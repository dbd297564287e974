"""The whole refresh on a cluster of this machine: `python -m pytest tests/parity/clusters.py`.

A standalone master with two workers, and a server of Spark Connect. They take minutes each, so no
other suite runs them.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark
import pytest

from orchestration.build.spark import CONFIGURATION
from orchestration.settings import ROOT, SAMPLE_DIR
from tests.conftest import Refresh, environment, refresh

SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
PATIENCE_SECONDS = 120  # 2026-11: a Java process of Spark answers after 5 s on two idle cores


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def java(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Java process of Spark, as long as it is needed."""
    variables = {"SPARK_CONF_DIR": str(CONFIGURATION), "SPARK_LOCAL_DIRS": str(folder)}
    process = subprocess.Popen(
        [SPARK_CLASS, *arguments],
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that a process does by itself."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {PATIENCE_SECONDS} s"
        # 2026-11-26: asks again what a server of Spark did, which tells nobody; has an end.
        time.sleep(0.5)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A master with two workers; gives its address and the workers."""
    port = free_port()
    here = ["--host", "127.0.0.1", "--webui-port", "0"]
    worker = ["org.apache.spark.deploy.worker.Worker", *here, "--cores", "1", "--memory", "1g"]
    address = f"spark://127.0.0.1:{port}"
    with java(folder, "org.apache.spark.deploy.master.Master", *here, "--port", str(port)):
        wait_until(lambda: listens(port), "the start of the master")
        work = ["--work-dir", str(folder / "work"), address]
        with java(folder, *worker, *work) as first, java(folder, *worker, *work) as second:
            yield address, [first, second]


def on_spark(data_dir: Path, **variables: str) -> Refresh:
    return refresh(SAMPLE_DIR, data_dir, ROOT, PSA_ENGINE="spark", **variables)


def test_the_refresh_on_a_cluster_equals_the_one_on_duckdb(sample: Refresh, tmp_path: Path) -> None:
    """PUB-15."""
    with cluster(tmp_path) as (address, _):
        ended = on_spark(tmp_path / "data", PSA_SPARK_MASTER=address)
    assert ended.exit_code == 0, ended.output + ended.errors
    assert ended.rows() == sample.rows()


def test_the_refresh_by_spark_connect_equals_the_one_on_duckdb(
    sample: Refresh, tmp_path: Path
) -> None:
    """PUB-15."""
    port = free_port()
    server = [
        "org.apache.spark.deploy.SparkSubmit",
        *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        *("--conf", f"spark.connect.grpc.binding.port={port}"),
        *("--conf", "spark.sql.catalogImplementation=in-memory"),
        *("--conf", f"spark.sql.warehouse.dir={tmp_path / 'server'}"),
        "spark-internal",
    ]
    with java(tmp_path, *server):
        wait_until(lambda: listens(port), "the start of the server")
        # Twice, because the server still knows the tables of the first time.
        for _ in range(2):
            remote = f"sc://127.0.0.1:{port}"
            ended = on_spark(tmp_path / "data", PSA_SPARK_REMOTE=remote)
            assert ended.exit_code == 0, ended.output + ended.errors
            (tmp_path / "data/warehouse/warehouse.duckdb").unlink()
    assert ended.rows() == sample.rows()


@pytest.mark.parametrize("victim", ["worker", "driver"])
def test_after_a_kill_the_next_refresh_succeeds_by_itself(
    sample: Refresh, tmp_path: Path, victim: str
) -> None:
    """PUB-1, PUB-15."""
    data_dir = tmp_path / "data"
    with cluster(tmp_path) as (address, workers):
        variables = {"PSA_ENGINE": "spark", "PSA_SPARK_MASTER": address}
        folders = {"PSA_DATA_DIR": str(data_dir), "PSA_LANDING_DIR": str(SAMPLE_DIR)}
        running = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "run"],
            cwd=ROOT,
            env=environment(**variables, **folders),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        made = "warehouse/spark/*/staging/*/_SUCCESS"
        wait_until(lambda: any(data_dir.glob(made)), "the first table")
        if victim == "driver":
            os.killpg(running.pid, signal.SIGKILL)
        else:
            workers[0].kill()
        running.wait()
        ended = on_spark(data_dir, PSA_SPARK_MASTER=address)
    assert ended.exit_code == 0, ended.output + ended.errors
    assert ended.rows() == sample.rows()
