"""What people do about generations at the prompt: list them, and roll back."""

from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from orchestration.publish.generations import roll_back
from orchestration.published import Generation, list_generations
from orchestration.settings import Settings


def show_generations(settings: Settings) -> None:
    """Print what is published, newest first.

    Raises:
        LookupError: nothing is.
    """
    generations = list_generations(settings)
    if not generations:
        raise LookupError(f"Nothing is published in {settings.marts_dir} yet; `make run` does it.")
    table = Table(box=None, pad_edge=False)
    table.add_column("  id", no_wrap=True)
    for heading in ("age", "as of", "rows", "size"):
        table.add_column(heading, justify="right", no_wrap=True)
    for generation in reversed(generations):
        table.add_row(*_row(generation))
    Console(highlight=False, soft_wrap=True).print(table)
    print("* = current, what readers open")


def _row(generation: Generation) -> tuple[str, ...]:
    manifest = generation.manifest or {}
    rows = sum(manifest["row_counts"].values()) if manifest else 0
    return (
        f"{'*' if generation.is_current else ' '} {generation.folder.name}",
        _age(manifest.get("published_at")),
        manifest.get("as_of_date", "unreadable"),
        f"{rows:,}",
        f"{generation.bytes / 1e6:,.1f} MB",
    )


def _age(published_at: str | None) -> str:
    if published_at is None:
        return "?"
    minutes = int((datetime.now(UTC) - datetime.fromisoformat(published_at)).total_seconds() // 60)
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d" if days > 2 else f"{hours} h" if hours > 2 else f"{minutes} min"


def return_to(settings: Settings, generation_id: str | None) -> None:
    """Let readers open an earlier generation, in Postgres as well.

    Raises:
        PublishError: there is no such generation, or it cannot be read.
        PostgresError: Postgres still holds the other.
    """
    folder = roll_back(settings, generation_id or None)
    print(f"Readers open {folder.name} from now on; the next refresh publishes as usual.")
    if settings.postgres_url:
        # Imported here, because its drivers are optional.
        from orchestration.publish.targets.postgres import load

        load(settings, folder)
        print("Postgres holds the same.")
