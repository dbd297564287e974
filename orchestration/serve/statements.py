"""Which SQL of others may run on the marts: judged by the statement's tree (rule: MCP-4).

What is not known to be harmless is refused: kinds of statements, nodes, tables and functions.
"""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

LONGEST = 20_000
SCHEMA = "marts"
TABLE_FUNCTIONS = {"range", "generate_series", "unnest"}
# Scalar, aggregate and window functions that read nothing but their arguments.
FUNCTIONS = TABLE_FUNCTIONS | set(
    """
    ! % & && * ** + - -> ->> / // << >> @ ^ ^@ | || ~ ~~ !~~ ~~* !~~* ~~~ <@ @>
    like_escape not_like_escape ilike_escape not_ilike_escape
    abs ceil ceiling even exp floor gcd greatest least ln log log10 log2 mod pow power round
    round_even sign sqrt trunc xor add subtract multiply divide fdiv fmod isnan isinf isfinite
    bar chr concat concat_ws contains ends_with format instr lcase left length len lower lpad ltrim
    prefix printf regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array repeat replace reverse right rpad rtrim split split_part starts_with
    str_split strip_accents strlen strpos string_split substr substring suffix translate trim ucase
    unicode upper char_length character_length levenshtein jaccard jaro_winkler_similarity hash md5
    position date_add date_diff datediff date_part datepart date_sub datesub date_trunc datetrunc
    day dayname dayofmonth dayofweek dayofyear days_in_month epoch era extract isodow isoyear
    last_day make_date make_timestamp month monthname quarter strftime strptime try_strptime
    time_bucket week weekday weekofyear year yearweek hour minute second century decade age
    to_days to_months to_weeks to_years to_quarters to_hours to_minutes to_seconds
    cast coalesce nullif if typeof row struct_pack struct_extract struct_values
    list_value list_pack list_contains list_has list_distinct list_extract list_element list_filter
    list_position list_sort list_reverse_sort list_transform list_unique list_slice list_concat
    list_sum list_avg list_min list_max list_count list_first list_last list_any_value list_append
    list_prepend array_to_string array_extract array_length array_slice array_value flatten
    cardinality list_apply map map_keys map_values map_extract map_entries element_at json_object
    json_array to_json
    any_value approx_count_distinct approx_quantile arbitrary arg_max arg_min argmax argmin
    array_agg avg bit_and bit_or bool_and bool_or corr count count_if count_star countif covar_pop
    covar_samp first fsum group_concat histogram kahan_sum last list listagg mad max max_by mean
    median min min_by mode product quantile quantile_cont quantile_disc regr_slope regr_intercept
    regr_r2 skewness kurtosis stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance
    weighted_avg geometric_mean entropy
    cume_dist dense_rank first_value fill lag last_value lead nth_value ntile percent_rank rank
    rank_dense row_number grouping grouping_id
    """.split()  # noqa: SIM905 - a list of two hundred words is read as words
)
EXPRESSIONS = {
    *("CONSTANT", "COLUMN_REF", "STAR", "FUNCTION", "WINDOW", "OPERATOR", "COMPARISON"),
    *("CONJUNCTION", "CASE", "CAST", "BETWEEN", "SUBQUERY", "COLLATE", "LAMBDA", "LAMBDA_REF"),
    *("POSITIONAL_REFERENCE", "TYPE"),
}
QUERIES = {"SELECT_NODE", "SET_OPERATION_NODE"}
TABLES = {"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT"}
MODIFIERS = {
    *("ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"),
    *("ORDER_DEFAULT", "ASCENDING", "DESCENDING"),
}


class StatementError(ValueError):
    """A statement that may not run; the message says what to write instead."""


def check_statement(sql: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse what is not one SELECT on the marts.

    Args:
        sql: the statement.
        connection: to the marts.

    Raises:
        StatementError: it may not run.
    """
    if len(sql) > LONGEST:
        raise StatementError(
            f"The statement has {len(sql)} characters; at most {LONGEST} are read."
        )
    if odd := sorted({character for character in sql if _is_odd(character)}):
        raise StatementError(f"The statement holds the character {odd[0]!a}; leave it out.")
    told = _tree(sql, connection)
    if told["error"]:
        if told.get("error_type") == "parser":
            reason = without_advice(told["error_message"])
            raise StatementError(f"The SQL cannot be read: {reason}")
        raise StatementError("Only one SELECT is run: nothing is written, set or explained here.")
    if len(told["statements"]) != 1:
        raise StatementError(f"{len(told['statements'])} statements were given; one SELECT is run.")
    found = connection.execute(
        "select table_name from duckdb_tables() where schema_name = ?", [SCHEMA]
    ).fetchall()
    catalog = connection.execute("select current_database()").fetchall()[0][0]
    taken = connection.execute(
        "select view_name from duckdb_views() where internal union "
        "select schema_name from duckdb_schemas() where schema_name <> ?",
        [SCHEMA],
    ).fetchall()
    checker = _Checker(catalog, {name for (name,) in found}, {_lower(name) for (name,) in taken})
    checker.query(told["statements"][0]["node"], frozenset())


def without_advice(message: str) -> str:
    """A message of DuckDB without its advice to change a setting, which clients cannot do."""
    return re.split(r'\s+Use "?SET ', message, maxsplit=1)[0]


def _is_odd(character: str) -> bool:
    """Whether two readers of a text may disagree on it: control characters, halves of others."""
    return (character < " " and character not in "\t\n\r") or "\ud800" <= character <= "\udfff"


def _tree(sql: str, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    [(text,)] = connection.execute(
        "select json_serialize_sql($1::varchar, skip_null := true, skip_empty := true, "
        "skip_default := false)",
        [sql],
    ).fetchall()
    told: dict[str, Any] = json.loads(text)
    return told


def _lower(name: str) -> str:
    """As DuckDB compares names: only A to Z lose their case."""
    return "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in name)


class _Checker:
    """Walks the tree of one statement; a scope is the set of CTEs that a query sees."""

    def __init__(self, catalog: str, marts: set[str], taken: set[str]) -> None:
        self.catalog = catalog
        self.marts = marts
        self.taken = taken

    def query(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        """A SELECT or a set operation, with its CTEs one after the other."""
        if node.get("type") not in QUERIES:
            raise StatementError(f"A query of the kind {node.get('type')} is not run; use SELECT.")
        for entry in (node.get("cte_map") or {}).get("map", ()):
            name = _lower(entry["key"])
            if name in self.taken:
                raise StatementError(f"Give the CTE {name} another name: the system has one.")
            for key, part in entry["value"].items():
                if key != "query_node":
                    self.walk(part, scope)
            body = entry["value"]["query_node"]
            if body["type"] == "RECURSIVE_CTE_NODE":
                self.recursive(body, name, scope)
            else:
                self.query(body, scope)
            scope |= {name}
        for key, part in node.items():
            if key != "cte_map":
                self.walk(part, scope)

    def recursive(self, node: dict[str, Any], name: str, scope: frozenset[str]) -> None:
        """A recursive CTE, which its second half alone can see."""
        for entry in (node.get("cte_map") or {}).get("map", ()):
            raise StatementError(f"Move the CTE {entry['key']} before the recursive {name}.")
        for key, part in node.items():
            if key == "left":
                self.query(part, scope)
            elif key == "right":
                self.query(part, scope | {name})
            elif key != "cte_map":
                self.walk(part, scope)

    def walk(self, part: Any, scope: frozenset[str]) -> None:
        """Whatever stands below a query."""
        if isinstance(part, list):
            for one in part:
                self.walk(one, scope)
        elif isinstance(part, dict):
            self.node(part, scope)

    def node(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        """An expression, a table, or what holds them."""
        kind = node.get("type")
        # Of a longer name the other keys hold the first and the last two parts alone.
        if len((node.get("qualified_name") or {}).get("path", ())) > 3:
            raise StatementError("A name has at most three parts: catalog, schema and table.")
        if isinstance(kind, dict) and "is_null" in node:
            return  # the size of a sample
        if "class" in node:
            self.expression(node)
        elif kind in QUERIES:
            self.query(node, scope)
            return
        elif kind in TABLES:
            self.table(node, scope)
        elif kind == "SHOW_REF":
            raise StatementError("Ask list_marts and describe_mart for names and columns.")
        elif isinstance(kind, str) and kind not in MODIFIERS:
            raise StatementError(f"{kind} is not run here; use plain SELECTs, joins and CTEs.")
        for below in node.values():
            self.walk(below, scope)

    def expression(self, node: dict[str, Any]) -> None:
        """Only known classes, and of functions only those that read nothing."""
        kind = node["class"]
        if kind == "PARAMETER":
            raise StatementError("Write values into the statement; it has no parameters.")
        if kind not in EXPRESSIONS:
            raise StatementError(f"An expression of the kind {kind} is not run here.")
        if kind in ("FUNCTION", "WINDOW"):
            self.function(node, FUNCTIONS)
        if kind == "TYPE" and (node.get("catalog") or node.get("schema")):
            raise StatementError(f"Name the type {_short(node['type_name'])} without a schema.")

    def table(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        """Only marts, CTEs in sight, and functions that make rows of their arguments."""
        if node["type"] == "TABLE_FUNCTION":
            self.function(node["function"], TABLE_FUNCTIONS)
        if node["type"] != "BASE_TABLE":
            return
        if node.get("at_clause"):
            raise StatementError("A mart has one state a generation: leave AT out.")
        name, schema = _lower(node["table_name"]), _lower(node.get("schema_name", ""))
        catalog = _lower(node.get("catalog_name", ""))
        if not schema and not catalog and name in scope:
            return
        if schema in ("", SCHEMA) and catalog in ("", _lower(self.catalog)) and name in self.marts:
            return
        shown = ".".join(one for one in (catalog, schema, name) if one)
        raise StatementError(f"There is no mart {_short(shown)}. {self.near(name)}")

    def near(self, name: str) -> str:
        """Which mart may be meant."""
        near = difflib.get_close_matches(name, self.marts, 3, 0.5)
        if near:
            return f"Did you mean {', '.join(f'{SCHEMA}.{one}' for one in near)}?"
        return "list_marts tells what there is; only tables of the schema marts are read."

    def function(self, node: dict[str, Any], allowed: set[str]) -> None:
        """A function of the list, by its bare name."""
        name = _lower(str(node.get("function_name", "")))
        # The parser itself puts those of its own syntax into the system's schemas.
        if node.get("schema", "") not in ("", "main", "pg_catalog") or node.get(
            "catalog", ""
        ) not in (
            "",
            "system",
        ):
            raise StatementError(f"Call {_short(name)} without a schema.")
        if name not in allowed:
            near = list(_alike(name, allowed))
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise StatementError(
                f"The function {_short(name)} is not run here: only functions that read nothing "
                f"but their arguments are.{hint}"
            )


def _alike(name: str, allowed: set[str]) -> Iterator[str]:
    yield from difflib.get_close_matches(name, allowed, 3, 0.7)


def _short(name: str) -> str:
    return ascii(name) if len(name) <= 80 else f"{name[:77]!a}…"
