"""`make extract`: one pass over the tenant without a refresh; its files wait to be loaded."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from orchestration.extract.entities import ENTITIES
from orchestration.extract.extraction import Extraction
from orchestration.operate.folder_lock import idle
from orchestration.progress import shown_by
from orchestration.settings import CREDENTIALS, PREFIX, Settings


def extract(settings: Settings) -> None:
    """Read what has changed, and deliver it; no refresh can run meanwhile.

    Raises:
        ExtractionError: it cannot be read; nothing was delivered.
        Busy: a refresh is running.
    """
    if not settings.extracts:
        names = ", ".join(PREFIX + name.upper() for name in CREDENTIALS)
        sys.exit(f"There is nobody to extract from: set {names}.")
    console = Console(file=sys.stdout, highlight=False)
    with idle(settings):
        print(f"Extracting into {settings.landing_dir}", flush=True)
        extraction = Extraction(settings, lambda words: console.print(f"  warning: {words}"))
        with Progress(
            TextColumn("  {task.description:<40}"),
            BarColumn(bar_width=10),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as bars:
            for name in ENTITIES:
                bar = bars.add_task(name, total=None)

                def advance(done: int, _: str, expected: int, bar: int = int(bar)) -> None:
                    task = next(one for one in bars.tasks if one.id == bar)
                    total = (task.total or 0) + expected or None
                    bars.update(task.id, advance=done, total=total)

                with shown_by(advance):
                    progress = extraction.extract(name)
                bars.remove_task(bar)
                rows = sum(part.rows for part in progress.parts.values())
                console.print(f"  {name:<20}{rows:>12,} rows{progress.calls:>8,} calls")
        for file, rows in sorted(extraction.deliver().items()):
            console.print(f"  {file}: {rows:,} rows", soft_wrap=True)
