"""Generations: complete or not there, and never more than wanted."""

from pathlib import Path

import duckdb
import pytest

from orchestration.publish.generations import publish, roll_back
from orchestration.published import PublishError, check_generation
from orchestration.settings import Settings
from tests.conftest import MARTS, build, numbers


def test_a_generation_is_a_copy_that_later_builds_do_not_touch(settings: Settings) -> None:
    folder = publish(settings, MARTS, {"generation": "20260101T000000Z-a"})
    assert (settings.marts_dir / "current").resolve() == folder
    build(settings, "insert into marts.numbers values (99)")
    assert numbers(settings) == [0, 1, 2]
    publish(settings, MARTS, {"generation": "20260102T000000Z-b"})
    assert numbers(settings) == [0, 1, 2, 99]


def test_an_open_reader_keeps_its_generation_and_blocks_nobody(settings: Settings) -> None:
    """PUB-4."""
    first = publish(settings, MARTS, {"generation": "20260101T000000Z-a"})
    with duckdb.connect(first / "psa_marts.duckdb", read_only=True) as reader:
        build(settings, "insert into marts.numbers values (99)")
        publish(
            settings.model_copy(update={"keep_generations": 1}),
            MARTS,
            {"generation": "20260102T000000Z-b"},
        )
        assert not first.exists()
        assert reader.execute("select count(*) from marts.numbers").fetchone() == (3,)
    assert numbers(settings) == [0, 1, 2, 99]


def test_a_file_does_not_grow_by_what_was_built_again(settings: Settings) -> None:
    """PUB-2."""
    large = "as select range as number, hash(range) as noise from range(500_000)"
    build(settings, f"create or replace table marts.numbers {large}")
    build(settings, "comment on table marts.numbers is 'One row per number.'")
    first = publish(settings, MARTS, {"generation": "20260101T000000Z-a"})
    build(settings, f"create table marts.again {large}", "drop table marts.numbers")
    build(settings, "alter table marts.again rename to numbers")
    build(settings, "comment on table marts.numbers is 'One row per number.'")
    built = (settings.warehouse_dir / "psa_marts.duckdb").stat().st_size
    second = publish(settings, MARTS, {"generation": "20260102T000000Z-b"})
    sizes = [(folder / "psa_marts.duckdb").stat().st_size for folder in (first, second)]
    assert built > 1.5 * sizes[0]
    assert sizes[1] < 1.1 * sizes[0]
    with duckdb.connect(second / "psa_marts.duckdb", read_only=True) as marts:
        assert marts.sql("select comment, estimated_size from duckdb_tables()").fetchall() == [
            ("One row per number.", 500_000)
        ]


def test_the_oldest_generations_are_retired(settings: Settings) -> None:
    """PUB-7."""
    keep_two = settings.model_copy(update={"keep_generations": 2})
    for day in (1, 2, 3, 4):
        publish(keep_two, MARTS, {"generation": f"2026010{day}T000000Z-x"})
    kept = sorted(path.name for path in (settings.marts_dir / "generations").iterdir())
    assert kept == ["20260103T000000Z-x", "20260104T000000Z-x"]


def test_the_current_generation_stays_even_when_its_name_is_the_oldest(settings: Settings) -> None:
    """PUB-7."""
    publish(settings, MARTS, {"generation": "20260105T000000Z-x"})
    keep_one = settings.model_copy(update={"keep_generations": 1})
    folder = publish(keep_one, MARTS, {"generation": "20260101T000000Z-clock-set-back"})
    assert (settings.marts_dir / "current").resolve() == folder
    assert numbers(settings) == [0, 1, 2]


def test_what_a_dead_process_left_is_cleaned_up(settings: Settings) -> None:
    """PUB-4."""
    leftover = settings.marts_dir / "generations" / ".20260101T000000Z-dead"
    (leftover / "parquet").mkdir(parents=True)
    (settings.marts_dir / ".current").symlink_to("generations/nowhere")
    publish(settings, MARTS, {"generation": "20260102T000000Z-x"})
    assert [path.name for path in leftover.parent.iterdir()] == ["20260102T000000Z-x"]
    assert numbers(settings) == [0, 1, 2]


@pytest.mark.parametrize(
    "statement",
    [
        "create view marts.a_view as select 1 as one",
        "create table main.elsewhere as select 1 as one",
        "drop table marts.numbers",
    ],
)
def test_a_database_that_is_not_tables_of_marts_is_not_published(
    settings: Settings, statement: str
) -> None:
    """PUB-2."""
    publish(settings, MARTS, {"generation": "20260101T000000Z-a"})
    build(settings, statement)
    with pytest.raises(PublishError, match="must hold tables of schema marts only"):
        publish(settings, MARTS, {"generation": "20260102T000000Z-b"})
    assert (settings.marts_dir / "current").resolve().name == "20260101T000000Z-a"
    assert numbers(settings) == [0, 1, 2]


def test_a_mart_that_the_project_no_longer_has_is_not_published(settings: Settings) -> None:
    build(settings, "create table marts.gone as select 1 as one")
    folder = publish(settings, MARTS, {"generation": "20260101T000000Z-a"})
    assert [path.name for path in (folder / "parquet").iterdir()] == ["numbers.parquet"]
    with duckdb.connect(folder / "psa_marts.duckdb", read_only=True) as marts:
        assert marts.execute("show all tables").fetchall()[0][2] == "numbers"


def test_a_missing_mart_is_named(settings: Settings) -> None:
    with pytest.raises(PublishError, match="the build lacks the marts letters"):
        publish(settings, {"numbers", "letters"}, {"generation": "20260101T000000Z-a"})


def test_parquet_of_what_did_not_change_is_linked_and_outlives_its_first_generation(
    settings: Settings,
) -> None:
    build(settings, "create table marts.letters as select 'a' as letter")
    marts = MARTS | {"letters"}
    keep_two = settings.model_copy(update={"keep_generations": 2})

    def inode(folder: Path, mart: str) -> int:
        return (folder / "parquet" / f"{mart}.parquet").stat().st_ino

    # Of the first nothing can be reused; so it is written.
    first = publish(keep_two, marts, {"generation": "20260101T000000Z-a"}, unchanged={"letters"})
    build(settings, "insert into marts.numbers values (99)")
    second = publish(keep_two, marts, {"generation": "20260102T000000Z-b"}, unchanged={"letters"})
    assert inode(first, "letters") == inode(second, "letters")
    assert inode(first, "numbers") != inode(second, "numbers")
    roll_back(keep_two)
    check_generation(first, settings)
    # What readers were rolled back to is not what the build is compared with.
    build(settings, "insert into marts.numbers values (100)")
    publish(
        keep_two, marts, {"generation": "20260103T000000Z-c"}, unchanged={"letters"}, since=second
    )
    assert not first.exists()
    third = publish(keep_two, marts, {"generation": "20260104T000000Z-d"}, unchanged=marts)
    assert not second.exists()
    for mart, rows in {"numbers": 5, "letters": 1}.items():
        table = duckdb.read_parquet(str(third / "parquet" / f"{mart}.parquet"))
        assert len(table) == rows
    assert numbers(settings) == [0, 1, 2, 99, 100]


@pytest.mark.parametrize("is_damaged", [False, True])
def test_what_cannot_be_linked_after_all_is_written(settings: Settings, is_damaged: bool) -> None:
    """PUB-2."""
    first = publish(settings, MARTS, {"generation": "20260101T000000Z-a"})
    if is_damaged:
        (first / "parquet/numbers.parquet").write_bytes(b"PAR1 cut")
    else:
        build(settings, "insert into marts.numbers values (99)")
    second = publish(settings, MARTS, {"generation": "20260102T000000Z-b"}, unchanged=MARTS)
    rows = duckdb.read_parquet(str(second / "parquet/numbers.parquet")).fetchall()
    assert sorted(number for (number,) in rows) == numbers(settings)
    assert len(rows) == (3 if is_damaged else 4)


def test_foreign_files_beside_the_generations_are_left_alone(settings: Settings) -> None:
    """PUB-7."""
    generations = settings.marts_dir / "generations"
    generations.mkdir()
    for name in (".nfs0001", "00README"):
        (generations / name).write_text("not ours")
    keep_one = settings.model_copy(update={"keep_generations": 1})
    publish(keep_one, MARTS, {"generation": "20260101T000000Z-a"})
    publish(keep_one, MARTS, {"generation": "20260102T000000Z-b"})
    names = sorted(path.name for path in generations.iterdir())
    assert names == [".nfs0001", "00README", "20260102T000000Z-b"]


def test_a_failure_while_copying_leaves_the_current_generation(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PUB-4."""
    publish(settings, MARTS, {"generation": "20260101T000000Z-a"})

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        publish(settings, MARTS, {"generation": "20260102T000000Z-b"})
    monkeypatch.undo()
    assert numbers(settings) == [0, 1, 2]
    publish(settings, MARTS, {"generation": "20260103T000000Z-c"})
    names = sorted(path.name for path in (settings.marts_dir / "generations").iterdir())
    assert names == ["20260101T000000Z-a", "20260103T000000Z-c"]
