"""The marts in Postgres through psycopg 3, in one transaction as the page has it."""

from pathlib import Path

from orchestration.publish.targets.postgres import load
from orchestration.settings import read_settings
from tests.publish.postgres import query, running
from tests.readers.recipes import blocks, installed, main, run, wanted

TOOL = "psycopg"
VERSION = "3.2.13"


def attempt(folder: Path, data_dir: Path) -> None:
    """Load the sample, and read two marts as a reader may."""
    python = installed(folder, f"psycopg[binary]=={VERSION}")
    (code,) = [block for block in blocks(TOOL) if "import psycopg" in block]
    ((money,),) = wanted(data_dir, "select exposed_amount from marts.po_overview")
    with running() as server:
        query(f"{server}/postgres", "create database bi")
        address = f"{server}/bi"
        settings = read_settings({"PSA_DATA_DIR": str(data_dir), "PSA_POSTGRES_URL": address})
        load(settings, (settings.marts_dir / "current").resolve())
        query(address, "create role reader login password 'r' in role psa_reader")
        reader = f"postgresql://reader:r@{address.partition('@')[2]}"
        said = code.replace("postgresql://reader@server/bi", reader)
        run(
            python,
            "-c",
            f"{said}\nassert str(exposed[0]) == str(overview[0]) == '{money}', exposed",
        )


if __name__ == "__main__":
    main(TOOL, VERSION, attempt)
