"""Every file format in all its spellings; and what cannot be read gets its message."""

import errno
import gzip
import hashlib
import io
import json
import os
import random
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

from orchestration.ingest.readers import (
    csv_files,
    json_files,
    open_delivery,
    parquet_files,
    read_once,
)
from orchestration.ingest.readers import stream as stream_module
from orchestration.ingest.readers.delivery import Delivery
from orchestration.ingest.readers.stream import Reading, Stamp, take_hash
from orchestration.ingest.rejections import RefusedFile
from schemas import RAW_TABLES, RawTable
from schemas.grammar import as_text
from schemas.headers import HeaderError
from tests.scenarios.workbooks import workbook

COMPANIES = RAW_TABLES["autotask", "companies"]
Rows = list[tuple[object, ...]]


def opened(path: Path, table: type[RawTable] = COMPANIES) -> Delivery:
    """Read a file once from end to end, then open it."""
    with path.open("rb") as stream:
        reading = read_once(stream, path, "file")
    return open_delivery(path, "file", table, reading)


def read(path: Path) -> Rows:
    """All rows of a file, in the columns id and company_name."""
    delivery = opened(path)
    if not delivery.headers:
        return []
    matched = COMPANIES.headers().match(delivery.headers)
    positions = [matched["id"], matched["company_name"]]
    return [
        row
        for chunk in delivery.columns(positions)
        for row in zip(*(as_text(column) for column in chunk), strict=True)
    ]


TWO: Rows = [("1", "a"), ("2", "b")]
READABLE: dict[str, tuple[str, bytes, Rows]] = {
    "plain": ("a.csv", b"id,company_name\n1,a\n", [("1", "a")]),
    "byte order mark and CRLF": (
        "a.csv",
        b"\xef\xbb\xbfid,company_name\r\n1,a\r\n",
        [("1", "a")],
    ),
    "no last new line": ("a.csv", b"id,company_name\n1,a", [("1", "a")]),
    "header only": ("a.csv", b"id,company_name\n", []),
    "header without new line": ("a.csv", b"id,company_name", []),
    "blank first line": ("a.csv", b"\nid,company_name\n1,a\n", [("1", "a")]),
    "new line in a value": (
        "a.csv",
        b'id,company_name\n1,"a\nb"\n2,c\n',
        [("1", "a\nb"), ("2", "c")],
    ),
    "bare new line in a value of a CRLF file": (
        "a.csv",
        b'id,company_name\r\n1,"a\nb"\r\n2,c\r\n',
        [("1", "a\nb"), ("2", "c")],
    ),
    "new line in the header": ("a.csv", b'id,"company\nname"\n1,a\n', [("1", "a")]),
    "quotes in quotes": ("a.csv", b'id,company_name\n1,"the ""A"""\n', [("1", 'the "A"')]),
    "a quote within a value": ("a.csv", b'id,company_name\n1,14" x\n', [("1", '14" x')]),
    "empty values": ("a.csv", b'id,company_name\n"",\n', [(None, None)]),
    "unknown columns": ("a.csv", b"x,id,y,company_name\n0,1,0,a\n", [("1", "a")]),
    "umlauts": ("a.csv", "id,company_name\n1,Müller €\n".encode(), [("1", "Müller €")]),
    "semicolons": ("a.csv", b"id;company_name\n1;a,b\n", [("1", "a,b")]),
    "tabs": ("a.csv", b"id\tcompany_name\n1\ta;b\n", [("1", "a;b")]),
    "commas beside semicolons": (
        "a.csv",
        b"id,company_name,a;b;c;d\n1,x;y,z\n",
        [("1", "x;y")],
    ),
    "a title": (
        "a.csv",
        b"Companies, all\n\nid,company_name\n1,a\n2,b\n",
        [("1", "a"), ("2", "b")],
    ),
    "the type of PowerShell": ("a.csv", b"#TYPE X\r\nid,company_name\r\n1,a\r\n", [("1", "a")]),
    "the delimiter of Excel": ("a.csv", b"sep=;\nid;company_name\n1;a,b\n", [("1", "a,b")]),
    "a title with commas": ("a.csv", b"a,b,c,d,e;f\nid;company_name\n1;a\n", [("1", "a")]),
    "a title with a single quote": ("a.csv", b'"x\nid,company_name\n1,a\n2,b\n', TWO),
    "a title over two lines": ("a.csv", b'"x\ny",z\nid,company_name\n1,a\n2,b\n', TWO),
    "a title of other line ends": ("a.csv", b"x\r\nid,company_name\n1,a\n2,b\n", TWO),
    "a mark, a title, empty cells": (
        "a.csv",
        "\ufeffÜ,\n,\n;;\n \nid,company_name\n1,a\n2,b\n".encode(),
        TWO,
    ),
    "twenty lines": ("a.csv", b"x\n\n" * 20 + b"id,company_name\n1,a\n2,b\n", TWO),
    "a title, packed": ("a.csv.gz", gzip.compress(b"x\nid,company_name\n1,a\n2,b\n"), TWO),
    "a title and a header": ("a.csv", b"x\nid,company_name", []),
    "packed CSV": ("a.csv.gz", gzip.compress(b"id,company_name\n1,a\n"), [("1", "a")]),
    "two packed parts": (
        "a.csv.gz",
        gzip.compress(b"id,company_name\n") + gzip.compress(b"1,a\n"),
        [("1", "a")],
    ),
    "JSON array": (
        "a.json",
        b' [{"id": 1, "companyName": "a"}, {"id":2}]\n',
        [("1", "a"), ("2", None)],
    ),
    "JSON items": (
        "a.json",
        b'{"page": {"items": [1], "n": null}, "items": [{"ID":1,"company name":"a"}], "x": 1}',
        [("1", "a")],
    ),
    "JSON with a byte order mark": (
        "a.json",
        b'\xef\xbb\xbf[{"id":1,"company_name":"a"}]',
        [("1", "a")],
    ),
    "JSON without a record": ("a.json", b"[]", []),
    "JSON without items": ("a.json", b'{"items": []}', []),
    "numbers keep their text": (
        "a.json",
        b'[{"id": 12.50, "company_name": 4500012345678901234567890.10e+2}]',
        [("12.50", "4500012345678901234567890.10e+2")],
    ),
    "other values are text": (
        "a.json",
        b'[{"id": true, "company_name": {"a": [1, null]}}]',
        [("true", '{"a": ["1", null]}')],
    ),
    "escapes": (
        "a.json",
        rb'[{"id": 1, "company_name": "\u00e9\n\ud83d\ude00"}]',
        [("1", "é\n😀")],
    ),
    "names of the second record": (
        "a.json",
        b'[{"company_name": "a"}, {"id": 2, "company_name": "b"}]',
        [(None, "a"), ("2", "b")],
    ),
    "JSON lines": (
        "a.jsonl",
        b'{"id": 1, "company_name": "a"}\r\n\n{"id": 2, "company_name": "b"}',
        [("1", "a"), ("2", "b")],
    ),
    "packed JSON lines": (
        "a.ndjson.gz",
        gzip.compress(b'{"id": 1, "company_name": "a"}\n'),
        [("1", "a")],
    ),
    "JSON lines without a line": ("a.jsonl", b"\n", []),
}


@pytest.mark.parametrize("case", READABLE)
def test_files_in_all_their_spellings_are_read(tmp_path: Path, case: str) -> None:
    """LND-2."""
    name, content, rows = READABLE[case]
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path / name) == rows


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    return buffer.getvalue()


DEEP = b"[" * 200_000
PARQUET = _parquet(pa.table({"id": [1, 2, 3] * 1_000, "company_name": ["a", "b", "c"] * 1_000}))
PACKED = gzip.compress(b"id,company_name\n" + b"1,a\n" * 5_000)

# Name, content, the kind of refusal, and a piece of its words.
REFUSED: dict[str, tuple[str, bytes, str, str]] = {
    "blank lines only": ("a.csv", b"\n\n", "no_header", ""),
    "too few fields": ("a.csv", b"id,company_name\n1,a\n2\n", "broken_csv", "line 3: "),
    "too many fields": ("a.csv", b"id,company_name\n1,a\n2,b,c\n", "broken_csv", "line 3: "),
    "unclosed quote": ("a.csv", b'id,company_name\n1,a\n2,"b\n3,c\n', "broken_csv", "line 3: "),
    "two unclosed quotes": (
        "a.csv",
        b'id,company_name\n1,"a\n2,b\n3,"c\n',
        "broken_csv",
        "line 2: ",
    ),
    "text after a quote": ("a.csv", b'id,company_name\n1,"a"b\n', "broken_csv", "line 2: "),
    "too few fields below a title": (
        "a.csv",
        b"x\n\ny\nid,company_name\n1,a\n2\n",
        "broken_csv",
        "line 6: ",
    ),
    "mixed line ends": (
        "a.csv",
        b"id,company_name\n1,a\r\n2,b\n",
        "broken_csv",
        "line ends are of several kinds",
    ),
    "another encoding": ("a.csv", b"id,company_name\n1,M\xfcller\n", "not_utf8", "position 19"),
    "UTF-16": ("a.csv", "id,company_name\n1,a\n".encode("utf-16"), "not_utf8", "position 0"),
    "truncated character": ("a.csv", b"id,company_name\n1,\xc3", "not_utf8", "position 18"),
    "another encoding, packed": (
        "a.csv.gz",
        gzip.compress(b"id,company_name\n1,M\xfcller\n"),
        "not_utf8",
        "position 19",
    ),
    "a line of 100 MB": (
        "a.csv",
        b"id,company_name\n1," + b"x" * 100_000_000 + b"\n",
        "long_line",
        "position 15",
    ),
    "a header of a million columns": (
        "a.csv",
        b"id,company_name," + b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n",
        "long_header",
        "5,000 columns",
    ),
    "a header without end": ("a.csv", b"x" * 3_000_000, "long_header", ""),
    "no gzip": ("a.csv.gz", b"id,company_name\n1,a\n", "broken_gzip", ""),
    "truncated gzip": ("a.csv.gz", PACKED[:-20], "broken_gzip", ""),
    "gzip with a wrong sum": ("a.csv.gz", PACKED[:-8] + b"\0" * 8, "broken_gzip", "CRC"),
    "rubbish after gzip": ("a.csv.gz", PACKED + b"rubbish", "broken_gzip", ""),
    "a bomb": (
        "a.csv.gz",
        gzip.compress(b"id,company_name\n" + b"1,a\n" * 70_000_000, 1),
        "bomb",
        "200 times",
    ),
    "JSON cut off": (
        "a.json",
        b'[{"id": 1, "company_name": "a"},',
        "broken_json",
        "after record 1",
    ),
    "JSON lines cut off": ("a.jsonl", b'{"id": 1}\n{"id": 2', "broken_json", "after record 1"),
    "no comma": ("a.json", b'[{"id": 1} {"id": 2}]', "broken_json", "','"),
    "text after the end": ("a.json", b'[{"id": 1}] x', "broken_json", "after its end"),
    "no JSON": ("a.json", b"id,company_name\n", "broken_json", ""),
    "records that are none": ("a.json", b"[1, 2]", "odd_json", "record 1"),
    "errors of the API": (
        "a.json",
        b'{"errors": ["No permission."]}',
        "api_errors",
        "it is an answer of the API that reports errors instead of rows: 'No permission.'",
    ),
    "errors of the API in a line": (
        "a.jsonl",
        b'{"id": 1}\n{"errors": [{"a": 1}]}\n',
        "api_errors",
        "record 2 is an answer of the API",
    ),
    "a page in an array": (
        "a.json",
        b'[{"id": 1}, {"items": [], "pageDetails": {}}]',
        "api_page",
        "record 2 is a whole page",
    ),
    "a page in a line": ("a.jsonl", b'{"items": [{"id": 1}]}', "api_page", "record 1"),
    "another envelope": ("a.json", b'{"value": [], "Count": 0}', "odd_json", "but value, Count"),
    "an object without items": ("a.json", b'{"id": 1}', "odd_json", "items"),
    "items that are no array": ("a.json", b'{"items": {"id": 1}}', "odd_json", "items"),
    "arrays in lines": ("a.jsonl", b"[1]\n", "odd_json", "record 1"),
    "deep JSON": ("a.json", DEEP, "broken_json", "nested too deeply"),
    "deep JSON lines": ("a.jsonl", b'{"id":' * 200_000, "broken_json", "nested too deeply"),
    "a record of 20 MB": (
        "a.json",
        b'[{"id": 1, "company_name": "' + b"x" * 40_000_000 + b'"}]',
        "broken_json",
        "16,777,216 characters",
    ),
    "half a character": (
        "a.json",
        rb'[{"id": 1, "company_name": "\ud800"}]',
        "broken_json",
        "half of a character",
    ),
    "half a character in a name": (
        "a.json",
        rb'[{"id": 1, "company_name": "a", "\ud800": 1}]',
        "broken_json",
        "half of a character",
    ),
    "not parquet": ("a.parquet", b"id,company_name\n1,a\n", "broken_parquet", ""),
    "truncated parquet": ("a.parquet", PARQUET[: len(PARQUET) // 2], "broken_parquet", ""),
    "parquet without a beginning": ("a.parquet", PARQUET[100:], "broken_parquet", ""),
    "parquet that is not UTF-8": (
        "a.parquet",
        _parquet(
            pa.table(
                {
                    "id": [1],
                    "company_name": pa.array([b"M\xfcller"], pa.binary()).view(pa.string()),
                }
            )
        ),
        "broken_parquet",
        "UTF8",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_words(tmp_path: Path, case: str) -> None:
    """LND-10, VAL-8."""
    name, content, kind, words = REFUSED[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RefusedFile) as refusal:
        read(tmp_path / name)
    assert refusal.value.kind == kind
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("file: ")
    assert len(str(refusal.value)) < 600


@pytest.mark.parametrize(
    ("content", "above"),
    [
        (b"id,company_name\n1,a\n", []),
        (b"\n\nid,company_name\n1,a\n", []),
        (b"A title \n;;\n\nsep=;\nid;company_name\n1;a\n", ["A title", "sep=;"]),
    ],
)
def test_what_stands_above_the_header_is_kept(
    tmp_path: Path, content: bytes, above: list[str]
) -> None:
    """LND-20."""
    (tmp_path / "a.csv").write_bytes(content)
    assert list(opened(tmp_path / "a.csv").above_header) == above


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"x\n" * 21 + b"id,company_name\n1,a\n", "taken for the header: 'x'"),
        (b"A title\nid,Kompany\n1,a\n", "taken for the header: 'id, Kompany'"),
    ],
)
def test_what_was_taken_for_the_header_is_shown(tmp_path: Path, content: bytes, shown: str) -> None:
    """LND-20."""
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(HeaderError, match=shown):
        read(tmp_path / "a.csv")


BROKEN_ROWS = {
    "a.csv": (b"id,company_name\n", b'%d,"a company, the ""%d"" of all"\n', b""),
    "a.jsonl": (b"", b'{"id": %d, "company_name": "a company, %d"}\n', b""),
    "a.json": (b"[", b'{"id": %d, "company_name": "a company, %d"},\n', b"{}]"),
}


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("name", BROKEN_ROWS)
def test_a_break_anywhere_in_a_large_file_is_refused_with_its_words(
    tmp_path: Path, name: str, packed: str
) -> None:
    """LND-10: also where the rows before it have been handed on already."""
    if name == "a.json" and packed:
        return
    start, row, end = BROKEN_ROWS[name]
    rows = [row % (number, number) for number in range(20_000)]
    path = tmp_path / (name + packed)
    for at in [*range(0, 20_000, 4_000 if packed else 1_000), 4_982, 19_999]:
        for piece in (rows[at][: len(rows[at]) // 2], b'9,"x"y\n' if name == "a.csv" else b"{x}\n"):
            content = start + b"".join(rows[:at]) + piece + b"".join(rows[at + 1 :]) + end
            if piece.endswith(b"\n") or at == 19_999:
                content = content.removesuffix(end)
            path.write_bytes(gzip.compress(content, 1) if packed else content)
            with pytest.raises(RefusedFile) as refusal:
                read(path)
            said = str(refusal.value)
            assert refusal.value.kind.startswith("broken_"), said
            assert f"{at + 2}: " in said if name == "a.csv" else f"record {at:,}: " in said, said
            assert len(said) < 300
            assert "mode" not in said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_what_the_machine_reports_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    """LND-10."""
    (tmp_path / name).write_bytes(PARQUET if name == "a.parquet" else b"id,company_name\n1,a\n")
    delivery = opened(tmp_path / name)

    def broken(_: object) -> None:
        raise OSError(number, os.strerror(number))

    for module in (csv_files, parquet_files):
        monkeypatch.setattr(module, "chunks", broken)
    with pytest.raises(OSError, match=os.strerror(number)) as error:
        next(delivery.columns([0, 1]))
    assert error.value.errno == number


@pytest.mark.parametrize("text", [b"state machine", b"Possible fix", b'"a\nPossible"'])
def test_what_a_record_says_is_not_taken_for_the_cause_of_its_break(
    tmp_path: Path, text: bytes
) -> None:
    above = b'1, "x\ny"\n' * 3
    (tmp_path / "a.csv").write_bytes(b"id,company_name\n" + above + text + b",1,2\n")
    with pytest.raises(RefusedFile, match="line 8: 3 fields instead of 2: "):
        read(tmp_path / "a.csv")


def test_the_excerpt_of_a_record_that_breaks_says_where_it_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,company_name\n1," + b"x" * 78 + b",y\n")
    with pytest.raises(RefusedFile, match=r"line 2: 3 fields instead of 2: '1,x{78}…'"):
        read(tmp_path / "a.csv")


def test_a_line_that_breaks_far_down_in_a_csv_is_refused_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,company_name\n" + b"1,a\n" * 300_000 + b"1,a,b\n")
    with pytest.raises(RefusedFile, match=r"not readable as CSV: line 300002: ") as refusal:
        read(tmp_path / "a.csv")
    assert refusal.value.kind == "broken_csv"


BROKEN = b"9,8,7\n"


@pytest.mark.parametrize(
    ("name", "above", "line"),
    [
        ("a.csv", b'1,"x\ny\nz"\n' * 10_000, 30_002),
        ("a.csv.gz", b'1,"x\ny"\n' * 10_000, 20_002),
        ("a.csv", b"1,x\r\n" * 10_000, 10_002),
        ("a.csv", b'1,"x\ny"\r\n' * 10_000, 20_002),
        ("a.csv", b"1,x\r" * 10_000, 10_002),
        ("a.csv", b"1,x\n" + b"\n" * 5, 8),
        ("a.csv", b'1,"x\ny"\n' * 300_000, 600_002),
    ],
)
@pytest.mark.parametrize(
    "title", [b"", b"\xef\xbb\xbf", b"A title\n\n", b"\xef\xbb\xbfA title\n\n"]
)
def test_a_break_is_told_by_the_line_that_an_editor_shows(
    tmp_path: Path, name: str, above: bytes, line: int, title: bytes
) -> None:
    """LND-10: fields hold line breaks, lines are blank, and a title stands above the header."""
    end = b"\r\n" if b"\r\n" in above else b"\r" if b"\r" in above else b"\n"
    text = title.replace(b"\n", end) + b"id,company_name" + end + above + BROKEN.replace(b"\n", end)
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    with pytest.raises(RefusedFile) as refusal:
        read(tmp_path / name)
    assert f"line {line + title.count(chr(10).encode())}: 3 fields instead of 2: '9,8,7'" in str(
        refusal.value
    )


def test_random_bytes_are_read_or_refused(tmp_path: Path) -> None:
    """LND-10: files that are cut, flipped or made of noise never end in another error."""
    chance = random.Random(20_261_121)  # noqa: S311 - not a secret
    good = {
        "a.csv": b'id,company_name\n1,"a,""b"\n2,c\n' * 30,
        "above.csv": b'A "title"\n\nid,company_name\n1,"a,""b"\n2,c\n' * 30,
        "a.csv.gz": PACKED,
        "page.json": b'{"items": [{"id": 1}, {"id": 2}], "pageDetails": {"nextPageUrl": null}}',
        "a.json": json.dumps([{"id": n, "company_name": f"n{n}"} for n in range(60)]).encode(),
        "a.jsonl": b'{"id": 1, "company_name": "a"}\n' * 40,
        "a.parquet": PARQUET,
        "a.xlsx": workbook([("id", "company_name"), *((n, f"n{n}") for n in range(60))]),
    }
    outcomes = {"read": 0, "refused": 0}
    for name, content in good.items():
        path = tmp_path / name
        for _ in range(60):
            broken = bytearray(content)
            for _ in range(chance.randint(1, 4)):
                any_byte = chance.random() < 0.5
                broken[chance.randrange(len(broken))] = (
                    chance.randrange(256) if any_byte else chance.randrange(32, 127)
                )
            if chance.random() < 0.3:
                del broken[chance.randrange(len(broken)) :]
            if chance.random() < 0.1:
                broken = bytearray(chance.randbytes(chance.randint(1, 2_000)))
            path.write_bytes(bytes(broken) or b"x")
            try:
                delivery = opened(path)
                for _ in delivery.columns(range(len(delivery.headers))):
                    pass
                outcomes["read"] += 1
            except RefusedFile:
                outcomes["refused"] += 1
    assert outcomes["read"] > 20
    assert outcomes["refused"] > 100


def test_parquet_claiming_more_rows_than_it_can_hold_is_refused(tmp_path: Path) -> None:
    nothing = pa.nulls(2_000_000, pa.int64())
    pyarrow.parquet.write_table(
        pa.table({"id": nothing, "company_name": nothing}), tmp_path / "a.parquet"
    )
    with pytest.raises(RefusedFile) as refusal:
        read(tmp_path / "a.parquet")
    assert refusal.value.kind == "bomb"


@pytest.mark.parametrize("name", ["a[1].csv", "a*.csv", "a?.csv", "it's {a}.csv", "ü b.csv"])
def test_a_file_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    (tmp_path / "a1.csv").write_text("id,company_name\n2,another\n")
    (tmp_path / name).write_text("id,company_name\n1,a\n")
    assert read(tmp_path / name) == [("1", "a")]


def test_blank_lines_are_no_rows_even_in_a_file_of_one_column(tmp_path: Path) -> None:
    """LND-2."""
    path = tmp_path / "po_required_companies.csv"
    path.write_text("company_id\n\n7\n\n8\n\n")
    table = RAW_TABLES["reference", "po_required_companies"]
    chunks = opened(path, table).columns([0])
    assert [chunk["0"].to_list() for chunk in chunks] == [["7", "8"]]


def test_a_multi_byte_character_across_blocks_is_read(tmp_path: Path) -> None:
    head = b"id,company_name\n1,"
    filler = b"x" * ((1 << 20) - len(head) - 1)
    (tmp_path / "a.csv").write_bytes(head + filler + "é\n".encode())
    assert read(tmp_path / "a.csv") == [("1", filler.decode() + "é")]


def test_json_is_read_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "BLOCK_BYTES", 7)
    monkeypatch.setattr(json_files, "CHUNK_ROWS", 16)
    records = [{"id": n * 10**9 + 0.5, "company_name": "é" * (n % 40)} for n in range(50)]
    (tmp_path / "a.json").write_text(json.dumps({"x": [1], "items": records}, ensure_ascii=False))
    assert read(tmp_path / "a.json") == [
        (str(record["id"]), record["company_name"]) for record in records
    ]


def test_parquet_values_of_every_type_are_handed_on_exactly(tmp_path: Path) -> None:
    """LND-2."""
    moment = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    columns = {
        "date": pa.array([date(2026, 11, 20)]),
        "utc": pa.array([moment], pa.timestamp("us", "UTC")),
        "berlin": pa.array([moment], pa.timestamp("ms", "Europe/Berlin")),
        "offset": pa.array([moment], pa.timestamp("us", "+05:30")),
        "wide": pa.array(
            [Decimal("12345678901234567890123456789012345678901.5")], pa.decimal256(50, 1)
        ),
        "list": pa.array([[1, 2]]),
        "bytes": pa.array(["é".encode()]),
        "words": pa.array(["a"]).dictionary_encode(),
        "nothing": pa.array([None], pa.null()),
        "time": pa.array([5], pa.duration("s")),
    }
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    delivery = opened(tmp_path / "a.parquet")
    (frame,) = delivery.columns(range(len(columns)))
    (row,) = frame.rename(dict(zip(frame.columns, columns, strict=True))).to_dicts()
    assert row == {
        "date": date(2026, 11, 20),
        "utc": moment,
        "berlin": moment,
        "offset": "2026-11-21T04:00:00+05:30",
        "wide": {"text": "12345678901234567890123456789012345678901.5", "is_literal": True},
        "list": {"text": "[1, 2]", "is_literal": True},
        "bytes": "é",
        "words": "a",
        "nothing": None,
        "time": "0:00:05",
    }


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_of_long_texts_come_in_smaller_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr("orchestration.ingest.readers.delivery.CHUNK_BYTES", 1 << 20)
    rows = pl.DataFrame({"id": range(30_000), "company_name": ["x" * 200] * 30_000})
    if ending == "csv":
        rows.write_csv(tmp_path / "a.csv")
    else:  # words that every row group numbers anew
        words = rows.with_columns(pl.col("company_name").cast(pl.Categorical)).to_arrow()
        pyarrow.parquet.write_table(words, tmp_path / "a.parquet", row_group_size=3_000)
    delivery = opened(tmp_path / f"a.{ending}")
    frames = list(delivery.columns([0, 1]))
    assert (len(frames) > 1) is (ending == "csv")
    assert [int(number) for frame in frames for number in frame["0"]] == list(range(30_000))
    assert {text for frame in frames for text in frame["1"]} == {"x" * 200}


def test_parquet_drops_no_row_between_its_row_groups(tmp_path: Path) -> None:
    pl.DataFrame({"id": range(5_000), "company_name": ["a"] * 5_000}).write_parquet(
        tmp_path / "a.parquet", row_group_size=700
    )
    assert [row[0] for row in read(tmp_path / "a.parquet")] == list(map(str, range(5_000)))


# --- one reading ---------------------------------------------------------------------------------


def is_as_read(path: Path, reading: Reading) -> bool:
    """Open a file again and compare it with what was read."""
    with path.open("rb") as stream:
        return reading.is_of(stream)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json", "a.parquet"])
@pytest.mark.parametrize(
    "content",
    [b"", b"id\n1\n" * 400_000, PACKED, PACKED[:-9], b"\xff" * 9],
    ids=["empty", "lines", "packed", "cut", "no text"],
)
def test_the_hash_is_that_of_the_file_whatever_its_text_is(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with path.open("rb") as stream:
        reading = read_once(stream, path, "file")
    assert reading.content_hash == hashlib.sha256(content).hexdigest()


def test_a_write_is_noticed_without_reading_even_if_it_hides_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id\n1\n")
    monkeypatch.setattr(stream_module, "TICK_NS", 0)
    # 2026-11-26: the stamp of a file moves in ticks of the kernel, some of which must pass.
    time.sleep(0.05)
    with path.open("rb") as stream:
        reading = take_hash(stream)
    with monkeypatch.context() as unread:
        unread.setattr("hashlib.file_digest", None)
        assert is_as_read(path, reading)
    before = path.stat()
    # 2026-11-26: the same, so that the write is stamped later than the reading.
    time.sleep(0.05)
    path.write_bytes(b"id\n2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not is_as_read(path, reading)
    path.write_bytes(b"id\n1\n")
    assert is_as_read(path, reading)


def test_of_a_file_just_written_the_hash_decides(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id\n1\n")
    with path.open("rb") as stream:
        reading = take_hash(stream)
        stamp = Stamp.of(stream)
    path.write_bytes(b"id\n2\n")
    with path.open("rb") as stream:
        # As if both writes had come within one tick of the clock.
        assert not replace(reading, stamp=Stamp.of(stream)).is_of(stream)
    assert reading.stamp == stamp
    assert not reading.has_settled
