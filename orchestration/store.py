"""Object storage as the pipeline needs it (rules: storage.md): whole objects, compare-and-swap.

What lies where is said by those who call: `ingest.stored` and `publish.targets.stored`.
Credentials, region and endpoint come from the usual variables, AWS_*, which the client reads.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar
from urllib.parse import urlsplit

from orchestration.settings import SettingError, Settings

if TYPE_CHECKING:
    from obstore.store import RetryConfig

# At work at once: files, parts of each and their size; together what is held in memory, 64 MiB.
FILES, PARTS, PART_BYTES = 4, 2, 8 * 1024 * 1024
RETRIES: "RetryConfig" = {
    "max_retries": 8,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {
        "init_backoff": timedelta(seconds=0.2),
        "max_backoff": timedelta(seconds=10),
        "base": 2,
    },
}
# Longer than any refresh: what nothing refers to by then is of a publisher that died (STO-6).
ABANDONED = timedelta(days=1)
SURROUNDINGS = "169.254."  # where machines of a cloud are asked for credentials, if none are set
Item = TypeVar("Item")
Done = TypeVar("Done")


class StoreError(RuntimeError):
    """Object storage cannot be used; the message says what, where, and what to do."""


class MovedOnError(StoreError):
    """Another machine has changed, since this one looked, what was to be changed."""


class Fact(TypedDict):
    """What is known of a file."""

    size: int
    sha256: str


@dataclass
class Note:
    """What this machine has seen in the store when it was last in step with it.

    Attributes:
        url: which store; "" before the first time.
        token: names this data folder, where it begins a store.
        tables: version of the index of each raw table.
        generations: what was published.
        sending: a generation on its way there; if this process dies, it is to be deleted.
    """

    url: str = ""
    token: str = ""
    tables: dict[str, str | None] = field(default_factory=dict)
    generations: list[str] = field(default_factory=list)
    sending: str = ""

    @classmethod
    def read(cls, settings: Settings) -> "Note":
        """The note of a data folder; an empty one, where there is none or none that can be read."""
        try:
            return cls(**json.loads((settings.data_dir / "store.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return cls()

    def write(self, settings: Settings) -> None:
        """Keep it, whole or not at all."""
        target = settings.data_dir / "store.json"
        unfinished = target.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        unfinished.replace(target)


def open_store(settings: Settings) -> "Store | None":
    """The store of `PSA_DATA_URL`; None where that is not set."""
    return Store(settings.data_url) if settings.data_url else None


class Store:
    """A bucket, or what lies in it under a prefix."""

    def __init__(self, url: str) -> None:
        """Nothing is asked of the service yet.

        Raises:
            SettingError: the extra is missing, or a variable says nothing that the client knows.
        """
        self.url = url
        parts = urlsplit(self.url)
        self._bucket = parts.netloc
        try:
            from obstore.exceptions import BaseError
            from obstore.store import S3Store
        except ModuleNotFoundError:
            raise SettingError(
                "PSA_DATA_URL: obstore is missing: object storage needs the extra `s3`, which "
                "`make setup` brings."
            ) from None
        try:
            self._store = S3Store(
                self._bucket,
                prefix=parts.path.strip("/") or None,
                # The service checks what has arrived (STO-4) and what it replaces (STO-2).
                config={"checksum_algorithm": "sha256", "conditional_put": "etag"},
                # Requests are signed, and the secret stays here, by http as well.
                client_options={"allow_http": True, "connect_timeout": "10s", "timeout": "120s"},
                retry_config=RETRIES,
            )
        except BaseError as error:
            raise SettingError(
                f"PSA_DATA_URL: {_first_line(error)} See the AWS_* variables."
            ) from None

    def read(self, path: str) -> tuple[dict[str, Any] | None, str | None]:
        """A small JSON object and its version; two times None where there is none."""
        import obstore

        with self._told(path):
            try:
                found = obstore.get(self._store, path)
                text = bytes(found.bytes())
            except FileNotFoundError as error:
                self._see_to_the_bucket(error)
                return None, None
        try:
            value: dict[str, Any] = json.loads(text)
        except ValueError:
            raise StoreError(f"{self.url}/{path} is not ours: it cannot be read as JSON.") from None
        return value, found.meta["e_tag"]

    def swap(self, path: str, value: dict[str, Any], version: str | None) -> str | None:
        """Write a small JSON object, if it is still of this version (STO-2).

        Args:
            path: of the object.
            value: what it says from now on.
            version: as `read` has told it; None where there was none.

        Returns:
            Its version now.

        Raises:
            MovedOnError: somebody else was faster.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        text = json.dumps(value, indent=1, sort_keys=True).encode()
        try:
            with self._told(path):
                done = obstore.put(
                    self._store, path, text, mode={"e_tag": version} if version else "create"
                )
        except (AlreadyExistsError, PreconditionError, StoreError) as error:
            # An answer may get lost on its way, and the client then asks again.
            found, now = self.read(path)
            if found == value:
                return now
            if isinstance(error, StoreError):
                raise
            raise MovedOnError(
                f"{self.url}/{path} was changed by another machine meanwhile. Nothing of it was "
                "overwritten; run again, on one machine at a time."
            ) from None
        return done["e_tag"]

    def has_conditions(self, path: str) -> bool:
        """Whether the service refuses to write an object that there is, and one that has changed.

        Should it not, the object is written as it was.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._told(path):
            text = bytes(obstore.get(self._store, path).bytes())
            for mode in ("create", {"e_tag": '"0"'}):
                try:
                    obstore.put(self._store, path, text, mode=mode)  # type: ignore[arg-type]
                except (AlreadyExistsError, PreconditionError):
                    continue
                return False
        return True

    def upload(self, path: str, source: Path) -> None:
        """Write an object from a file, part by part."""
        import obstore

        with self._told(path):
            obstore.put(self._store, path, source, chunk_size=PART_BYTES, max_concurrency=PARTS)

    def download(self, path: str, target: Path, fact: Fact) -> None:
        """Write a file from an object; the caller gives it its name once this has returned.

        Raises:
            StoreError: it is not what was once written there.
        """
        import obstore

        digest = hashlib.sha256()
        with self._told(path), target.open("wb") as file:
            for part in obstore.get(self._store, path).stream(PART_BYTES):
                digest.update(part)
                file.write(part)
        if digest.hexdigest() != fact["sha256"]:
            raise StoreError(f"{self.url}/{path} was damaged: its SHA-256 is another one.")

    def sizes(self, folder: str) -> dict[str, int]:
        """Size of each object below a folder, by its path there."""
        return {path.removeprefix(f"{folder}/"): size for path, size, _ in self._list(folder)}

    def abandoned(self, folder: str, is_known: Callable[[str], bool]) -> list[str]:
        """The objects below a folder that nothing refers to, and are old enough (STO-6)."""
        before = datetime.now(UTC) - ABANDONED
        return [
            path
            for path, _, written in self._list(folder)
            if written < before and not is_known(path)
        ]

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those that are gone already are no error."""
        import obstore

        if listed := list(paths):
            with self._told(listed[0]):
                obstore.delete(self._store, listed)

    def _list(self, folder: str) -> Iterator[tuple[str, int, datetime]]:
        with self._told(folder):
            for found in self._store.list(folder):
                for one in found:
                    yield one["path"], one["size"], one["last_modified"]

    def _see_to_the_bucket(self, error: Exception) -> None:
        if "NoSuchBucket" in str(error):
            raise StoreError(
                f"PSA_DATA_URL: there is no bucket {self._bucket!r}. Make it, or correct "
                f"{self.url} and AWS_ENDPOINT_URL."
            ) from None

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """Say in one message what the client says in hundreds of lines."""
        from obstore.exceptions import (
            AlreadyExistsError,
            BaseError,
            NotSupportedError,
            PermissionDeniedError,
            PreconditionError,
            UnauthenticatedError,
        )

        where = f"{self.url}/{path}"
        try:
            yield
        except (AlreadyExistsError, PreconditionError):
            raise
        except FileNotFoundError as error:
            self._see_to_the_bucket(error)
            raise StoreError(
                f"{where} is missing. Another machine may have replaced it just now: run again."
            ) from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise StoreError(
                f"PSA_DATA_URL: the service refuses {where} to these credentials. Check "
                "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and that they may read, list, write "
                "and delete there."
            ) from None
        except NotSupportedError as error:
            raise StoreError(f"PSA_DATA_URL: {where}: {_first_line(error)}") from None
        except BaseError as error:
            said = _first_line(error)
            if SURROUNDINGS in said:
                raise StoreError(
                    "PSA_DATA_URL: no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
                ) from None
            if "NoSuchBucket" in str(error):
                self._see_to_the_bucket(error)
            raise StoreError(
                f"PSA_DATA_URL: {where} cannot be reached: {said}. Check AWS_ENDPOINT_URL, "
                "AWS_REGION and the service; then run again."
            ) from None


def side_by_side(work: Callable[[Item], Done], items: Iterable[Item]) -> list[Done]:
    """Move several files at once; the first error ends it."""
    with ThreadPoolExecutor(FILES) as threads:
        return list(threads.map(work, items))


def fact_of(path: Path) -> Fact:
    """Size and hash of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip().removeprefix("Generic S3 error: ")
