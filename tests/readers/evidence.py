"""Evidence's connector for DuckDB reads the marts as the page says.

The connector alone, under node: a whole build of Evidence loads an extension of DuckDB from the
internet, which is not to be had where tests run.
"""

import json
import shutil
from pathlib import Path

from tests.readers.recipes import blocks, main, run, wanted

TOOL = "Evidence"
VERSION = "@evidence-dev/duckdb 2.0.1"
PROGRAM = """
const { getRunner } = require('@evidence-dev/duckdb');
const [folder, filename, query] = process.argv.slice(2);
(async () => {
  const run = await getRunner({ filename }, folder);
  const found = await run(query, 'exposure.sql', 100000);
  let lines = 0, money = 0;
  for await (const rows of found.rows()) {
    for (const row of rows) { lines += 1; money += row.total_billable_exposed; }
  }
  console.log(JSON.stringify([lines, money.toFixed(4)]));
})();
"""


def attempt(folder: Path, data_dir: Path) -> None:
    """Lay the project where the page has it, beside the marts, and run its source."""
    psa = folder / "psa"
    shutil.rmtree(psa, ignore_errors=True)
    source = psa / "evidence/sources/marts"
    source.mkdir(parents=True)
    (psa / "marts").symlink_to(data_dir / "marts")
    connection, query = blocks(TOOL)
    (filename,) = [line.split(": ")[1] for line in connection.splitlines() if "filename" in line]
    package, version = VERSION.split(" ")
    if not (folder / "node_modules").exists():
        run("npm", "install", "--no-audit", "--no-fund", f"{package}@{version}", cwd=folder)
    (folder / "try.cjs").write_text(PROGRAM)
    answer = run("node", folder / "try.cjs", source, filename, query, cwd=folder)
    ((lines, money),) = wanted(
        data_dir, "select count(*), sum(total_billable_exposed) from marts.po_exposure"
    )
    assert json.loads(answer) == [lines, f"{money:.4f}"], answer


if __name__ == "__main__":
    main(TOOL, VERSION, attempt)
