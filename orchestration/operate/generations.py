"""What people do about generations at the prompt: list them, and roll back."""

from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from orchestration.publish.generations import roll_back
from orchestration.publish.targets import stored
from orchestration.publish.targets.stored import About
from orchestration.published import list_generations
from orchestration.settings import Settings
from orchestration.store import open_store


def show_generations(settings: Settings) -> None:
    """Print what is published, newest first.

    Raises:
        LookupError: nothing is.
        StoreError: the store cannot be reached.
    """
    generations = _listed(settings)
    if not generations:
        where = settings.data_url or settings.marts_dir
        raise LookupError(f"Nothing is published in {where} yet; `make run` does it.")
    table = Table(box=None, pad_edge=False)
    table.add_column("  id", no_wrap=True)
    for heading in ("age", "as of", "rows", "size"):
        table.add_column(heading, justify="right", no_wrap=True)
    for generation in reversed(generations):
        table.add_row(*_row(*generation))
    Console(highlight=False, soft_wrap=True).print(table)
    print("* = current, what readers open")


def _listed(settings: Settings) -> list[tuple[str, bool, About]]:
    """Name, whether it is current, and what is told of each generation, oldest first."""
    if store := open_store(settings):
        known, _ = stored.published(store)
        return [
            (name, name == known.generation, about) for name, about in known.generations.items()
        ]
    return [
        (found.folder.name, found.is_current, stored.about(found.manifest or {}, found.bytes))
        for found in list_generations(settings)
    ]


def _row(name: str, is_current: bool, about: About) -> tuple[str, ...]:
    return (
        f"{'*' if is_current else ' '} {name}",
        _age(about["published_at"]),
        about["as_of_date"] or "unreadable",
        f"{about['rows']:,}",
        f"{about['bytes'] / 1e6:,.1f} MB",
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
