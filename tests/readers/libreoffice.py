"""What LibreOffice makes of a mart: texts stay texts, amounts are numbers."""

import shutil
import sys
from pathlib import Path

from tests.readers.recipes import main, recipe, run, wanted

TOOL = "LibreOffice"
VERSION = "7.4.7"
# Comma, double quote, UTF-8, from the first line on, no column formats, US English, quoted fields
# as text, special numbers recognised.
OPTIONS = "44,34,76,1,,1033,true,true"


def attempt(folder: Path, data_dir: Path) -> None:
    """Write the file as the page says, convert it, and look into the cells."""
    if not shutil.which("soffice"):
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "libreoffice-calc")
    run(sys.executable, "-c", recipe(TOOL, data_dir), cwd=folder)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    run(
        *("soffice", "--headless", profile, f"--infilter=Text - txt - csv (StarCalc):{OPTIONS}"),
        *("--convert-to", "fods", "--outdir", folder, folder / "po_utilization.csv"),
    )
    sheet = (folder / "po_utilization.fods").read_text(encoding="utf-8")
    rows = wanted(data_dir, "select po_number, consumed_amount from marts.po_utilization")
    for number, amount in rows:
        escaped = str(number).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert f"<text:p>{escaped}</text:p>" in sheet, number
        shown = f"{amount:f}".rstrip("0").rstrip(".")
        assert f'office:value-type="float" office:value="{shown}"' in sheet, amount


if __name__ == "__main__":
    assert f" {VERSION}." in run("soffice", "--version")
    main(TOOL, VERSION, attempt)
