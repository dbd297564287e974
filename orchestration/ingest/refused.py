"""What is refused is remembered until it is mended: replaced, accepted after all, or taken out."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestration.ingest.judging import JudgedRows
from orchestration.ingest.raw_store import EMPTY_HASH, Content, TableFiles
from orchestration.ingest.rejections import RefusedFile

REFUSED_ROWS_KEPT = 1_000


def remember(
    files: TableFiles, content: Content, refusal: RefusedFile, judged: JudgedRows, run_id: str
) -> None:
    """Put a refused content on record, with the first of its rejects."""
    content = replace(
        content,
        delivered=judged.delivered,
        loaded=0,
        quarantined=0,
        refusal_kind=refusal.kind,
        refusal_reason=refusal.reason,
    )
    files.refused.mkdir(parents=True, exist_ok=True)
    rejects = judged.rejects(files, content, run_id).head(REFUSED_ROWS_KEPT)
    files.write_rejects(files.refused_path(content), rejects, content)


def moot_refusals(files: TableFiles) -> dict[str, str]:
    """Drop the refusals of what a later complete snapshot of the table has made obsolete (VAL-4).

    Returns:
        A warning a file, by the file's name.
    """
    loaded = files.contents().values()
    snapshots = [known for known in loaded if known.batch_kind == "full"]
    moot = {}
    for path, content in files.contents(files.refused).items():
        later = [known for known in snapshots if known.extracted_at > content.extracted_at]
        # Of two files that are the whole of a table, none is later; one never read has no time; and
        # the rows of a replay count.
        is_apart = content.refusal_kind in ("twins", "unreadable")
        if later and not is_apart and not any(content.is_of(known) for known in loaded):
            files.file_away(path, content)
            moot[content.file] = (
                f"{content.file}: refused ({content.refusal_reason}), and left out for good, "
                f"because {later[-1].file} has brought all of the table since"
            )
    return moot


def await_mending(files: TableFiles, delivered: Mapping[str, str]) -> Iterator[RefusedFile]:
    """Drop the refusals that are mended; yield those whose file has gone.

    Args:
        files: of the table.
        delivered: hashes of what is in the landing folder, by batch.
    """
    loaded = list(files.contents().values())
    for path, content in files.contents(files.refused).items():
        if any(content.is_of(other) for other in loaded):
            # Accepted after all, unless it is older rules that have accepted it.
            if not _is_rejudged(files, content):
                path.unlink()
        elif delivered.get(content.batch) == content.content_hash:
            continue
        elif content.refusal_kind == "unreadable":
            path.unlink()  # nobody knows what it was
        elif (
            content.refusal_kind == "twins"  # the other one was kept
            or content.batch in delivered
            or content.content_hash in {other.content_hash for other in loaded}
            or content.content_hash == EMPTY_HASH
        ):
            files.file_away(path, content)  # replaced, or accepted under a better name
        else:
            facts = {"reason": content.refusal_reason, "batch": content.file}
            yield RefusedFile(content.file, "gone", **facts)


def _is_rejudged(files: TableFiles, refused: Content) -> bool:
    """Whether a refusal is of a content that is loaded as older rules have judged it."""
    return any(
        content.is_of(refused) and content.schema_version != files.table.version(content.forms)
        for content in files.contents().values()
    )
