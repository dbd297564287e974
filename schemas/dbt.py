"""What dbt has to know of the raw tables, written into its project: `make generated`."""

import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from schemas import RAW_TABLES, RawTable
from schemas.po_texts import PO_COLUMN, SEEDS, WHITE_SPACE, ZEROS

PROJECT = SEEDS.parent
NOTICE = "Written from schemas/ by `make generated`; changes made here are lost."

SOURCES_HEAD = f"""\
# {NOTICE}
# Columns, types and rules of these tables are declared once, in the pandera schemas of the ingest.
version: 2

sources:
"""
SOURCE = """\
  - name: {source}
    description: {description}
    tables:
"""
DESCRIPTIONS = {
    "autotask": "Extracts of Autotask PSA, validated, one parquet file per batch.",
    "reference": "Tables that the users of the marts keep themselves, one parquet file per batch.",
}
MACROS_HEAD = f"""\
{{#- {NOTICE} -#}}


{{#-
    The raw tables: source -> table -> what models need to know of it.

    key: what tells one record from another, over the columns of the raw table.
    staged_key: the same over the columns of its staging model.
    control_total: the money or hours whose sum is accounted for beside the rows, if any.
    foreign_keys: column -> the table of Autotask that it refers to.
    part_of: the table whose records of one kind these are, if any; staged together with it.
    kind: that kind.
-#}}
"""


def generated() -> dict[Path, str]:
    """Files of the dbt project that follow from the raw tables, with their text."""
    return {
        PROJECT / "models" / "staging" / "sources.yml": _sources(),
        PROJECT / "macros" / "raw_tables.sql": _macros(),
    }


def _sources() -> str:
    text = SOURCES_HEAD
    for source, tables in _by_source().items():
        text += SOURCE.format(source=source, description=DESCRIPTIONS[source])
        text += "".join(f"      - name: {name}\n" for name in tables)
    return text


def _macros() -> str:
    lines = ["{% macro raw_tables() %}", "    {{ return({"]
    for source, tables in _by_source().items():
        lines.append(f"        '{source}': {{")
        for name, table in tables.items():
            lines += [f"            '{name}': {{", *_entry(table), "            },"]
        lines.append("        },")
    lines += ["    }) }}", "{% endmacro %}", ""]
    keys = {f"'{column}'": None for table in RAW_TABLES.values() for column in table.key()}
    lines += _list_macro("raw_key_columns", "The columns of the keys of all raw tables.", keys)
    about = "Code points of every character that shows as nothing."
    lines += _list_macro("white_space_code_points", about, map(str, WHITE_SPACE))
    about = "Code points of the digit zero in every script."
    lines += _list_macro("zero_code_points", about, map(str, ZEROS))
    about = "Letters whose capital is several letters: letter -> capital."
    lines += ["", f"{{#- {about} -#}}", "{% macro letters_of_several_capitals() %}"]
    lines += ["    {{ return({", *_capitals(), "    }) }}", "{% endmacro %}", ""]
    return MACROS_HEAD + "\n".join(lines)


def _list_macro(name: str, about: str, values: Iterable[str]) -> list[str]:
    text = textwrap.fill(", ".join(values), 80, initial_indent=" " * 8, subsequent_indent=" " * 8)
    head = ["", f"{{#- {about} -#}}", f"{{% macro {name}() %}}", "    {{ return(["]
    return [*head, text, "    ]) }}", "{% endmacro %}", ""]


def _capitals() -> Iterator[str]:
    for letter in map(chr, range(sys.maxunicode + 1)):
        if len(capital := letter.upper()) > 1:
            yield f"        '{_escaped(letter)}': '{_escaped(capital)}',"


def _escaped(text: str) -> str:
    """A text that looks the same in every editor, marks without a letter of their own, too."""
    return text.encode("ascii", "backslashreplace").decode().replace("\\xdf", "\\u00df")


def _entry(table: type[RawTable]) -> list[str]:
    staged = {name: table.record_id() if name == "id" else name for name in table.key()}
    total = table.control_total()
    facts = {
        "key": _list(_cleaned(name) for name in staged),
        "staged_key": _list(_cleaned(name) for name in staged.values()),
        "control_total": f"'{total}'" if total else "none",
        "part_of": f"'{part[0]}'" if (part := table.part_of()) else "none",
        "kind": f"'{part[1]}'" if part else "none",
    }
    lines = [f"                '{fact}': {value}," for fact, value in facts.items()]
    references = table.foreign_keys().items()
    lines.append("                'foreign_keys': {")
    lines += [f"                    '{column}': '{parent}'," for column, parent in references]
    return [*lines, "                },"]


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(values)}]"


def _cleaned(column: str) -> str:
    """A column of a key as dbt compares it: two spellings of one PO are the same."""
    return f"tidy_po('{column}')" if column == PO_COLUMN else f"'{column}'"


def _by_source() -> Mapping[str, Mapping[str, type[RawTable]]]:
    tables: dict[str, dict[str, type[RawTable]]] = {}
    for (source, name), table in RAW_TABLES.items():
        tables.setdefault(source, {})[name] = table
    return tables


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
