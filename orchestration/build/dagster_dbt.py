"""What is used of dagster-dbt, without dbt itself, which runs in a process of its own.

dagster-dbt works without dbt-core. With it, it would load dbt and all nodes of the manifest only to
select every one of them, for a third of the time that this project takes to start. Without it, the
assets are always all nodes of the project, and Dagster's list of libraries names dbt Fusion.
"""

import sys

HIDDEN = "dbt.version"  # what dagster-dbt asks for dbt-core by
known = sys.modules.get(HIDDEN)
sys.modules[HIDDEN] = None  # type: ignore[assignment]  # so it cannot be imported

from dagster_dbt import DagsterDbtTranslator as DagsterDbtTranslator  # noqa: E402
from dagster_dbt import DbtCliResource as DbtCliResource  # noqa: E402
from dagster_dbt import DbtProject as DbtProject  # noqa: E402
from dagster_dbt import dbt_assets as dbt_assets  # noqa: E402
from dagster_dbt.errors import DagsterDbtCliRuntimeError as DagsterDbtCliRuntimeError  # noqa: E402

if known:
    sys.modules[HIDDEN] = known
else:
    del sys.modules[HIDDEN]
