"""A machine in step with the store, before anything else is done there (rules: storage.md)."""

import uuid
from typing import Any

import dagster as dg

from orchestration.ingest.stored import bring_in_step, has_deliveries, keep_all
from orchestration.publish.generations import follow
from orchestration.publish.targets import stored
from orchestration.published import PublishError, check_generation, current_generation
from orchestration.settings import SettingError, Settings
from orchestration.store import Note, Store, StoreError, open_store

KEY = dg.AssetKey("store")
ABOUT, LAYOUT = "store.json", 1


def store_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The store that a refresh begins with; none without `PSA_DATA_URL`."""
    if not settings.data_url:
        return []

    @dg.asset(
        key=KEY,
        group_name="store",
        kinds={"s3"},
        owners=["team:data-engineering"],
        description="Raw store and current generation, as the store has them, on this machine.",
    )
    def store() -> dg.MaterializeResult[None]:
        settings.prepare_data_dir()
        try:
            note = get_in_step(settings)
        except (StoreError, PublishError, SettingError) as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(
            metadata={"store": note.url, "generations": len(note.generations)}
        )

    return [store]


def get_in_step(settings: Settings) -> Note:
    """Give this machine what the store has, or a new store what this machine has (STO-3).

    Nobody else may work in the data folder meanwhile.

    Raises:
        SettingError: store and data folder, or landing folder, do not belong together.
        StoreError: the store cannot be used.
        PublishError: what is published there is not whole.
    """
    store, note = open_store(settings), Note.read(settings)
    if store is None:
        return note
    about = _begun(store, settings, note)
    if about["landing_dir"] != str(settings.landing_dir):
        raise SettingError(
            f"PSA_DATA_URL: {store.url} holds what was loaded from {about['landing_dir']}, not "
            f"from {settings.landing_dir}. Set PSA_DATA_URL to another prefix for this landing "
            "folder, or mount the folder at the same path on each machine; if it only moved, write "
            f"its new path into {store.url}/{ABOUT}."
        )
    if note.url != store.url and about["begun_by"] != note.token and has_deliveries(settings):
        raise SettingError(
            f"PSA_DATA_DIR: {settings.data_dir} holds deliveries of its own, and {store.url} those "
            "of other machines. Set PSA_DATA_DIR to an empty folder, or PSA_DATA_URL to a prefix "
            "that nothing lies under yet."
        )
    note.tables = bring_in_step(store, settings)
    stored.clean_up(store, note.sending)
    follow(settings)
    known, _ = stored.published(store)
    note.url, note.sending, note.generations = store.url, "", list(known.generations)
    note.write(settings)
    return note


def _begun(store: Store, settings: Settings, note: Note) -> dict[str, Any]:
    """What the store says of itself; one that is new is begun with what this machine holds."""
    about, version = store.read(ABOUT)
    if about is None:
        note.token = note.token or uuid.uuid4().hex
        note.write(settings)
        about = {
            "layout": LAYOUT,
            "landing_dir": str(settings.landing_dir),
            "begun_by": note.token,
            "is_ready": False,
        }
        version = store.swap(ABOUT, about, None)
    if not store.has_conditions(ABOUT):
        raise SettingError(
            f"PSA_DATA_URL: the service of {store.url} overwrites what it was asked to keep: it "
            "knows no conditional writes (If-None-Match, If-Match), so that two machines could not "
            "be told apart. Use a service that does, such as a newer version of this one."
        )
    if about.get("layout") != LAYOUT:
        raise SettingError(
            f"PSA_DATA_URL: {store.url} is of layout {about.get('layout')}, and this version knows "
            f"{LAYOUT}. Use the version that made it, or another prefix."
        )
    if about["is_ready"]:
        return about
    if about["begun_by"] != note.token:
        raise StoreError(
            f"{store.url} is being begun by another machine. Run again when that has ended; if it "
            f"never will, delete {store.url}/{ABOUT} first."
        )
    keep_all(store, settings)
    current = current_generation(settings)
    known, _ = stored.published(store)
    if current and current.manifest and not known.generations:
        check_generation(current.folder, settings)
        # Those of earlier versions do not name themselves.
        manifest = current.manifest | {"generation": current.folder.name}
        stored.send(store, current.folder, manifest, [], settings.keep_generations)
    about = about | {"is_ready": True}
    store.swap(ABOUT, about, version)
    return about
