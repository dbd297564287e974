{#- What Apache Spark spells in its own way; the macros themselves are described in duckdb.sql. -#}

{% macro spark__one_of_characters(code_points) -%}
    [{% for code_point in code_points %}\x{ {{- '%04X' % code_point -}} }{% endfor %}]
{%- endmacro %}


{#-
    A pattern in Java's words. Its `$` matches before a last line break, too; and Java 17 knows Unicode 13,
    so the letters and digits are named that Unicode 14 and 15 have added.
-#}
{% macro spark_pattern(pattern) -%}
    {%- set newer_letters = '\\x{870}-\\x{887}\\x{889}-\\x{88E}\\x{8B5}\\x{8C8}-\\x{8C9}\\x{C5D}\\x{CDD}\\x{170D}'
        ~ '\\x{171F}\\x{1B4C}\\x{2C2F}\\x{2C5F}\\x{9FFD}-\\x{9FFF}\\x{A7C0}-\\x{A7C1}'
        ~ '\\x{A7D0}-\\x{A7D1}\\x{A7D3}\\x{A7D5}-\\x{A7D9}\\x{A7F2}-\\x{A7F4}'
        ~ '\\x{10570}-\\x{1057A}\\x{1057C}-\\x{1058A}\\x{1058C}-\\x{10592}\\x{10594}-\\x{10595}'
        ~ '\\x{10597}-\\x{105A1}\\x{105A3}-\\x{105B1}\\x{105B3}-\\x{105B9}\\x{105BB}-\\x{105BC}'
        ~ '\\x{10780}-\\x{10785}\\x{10787}-\\x{107B0}\\x{107B2}-\\x{107BA}\\x{10F70}-\\x{10F81}'
        ~ '\\x{11071}-\\x{11072}\\x{11075}\\x{1123F}-\\x{11240}\\x{11740}-\\x{11746}'
        ~ '\\x{11AB0}-\\x{11ABF}\\x{11F02}\\x{11F04}-\\x{11F10}\\x{11F12}-\\x{11F33}'
        ~ '\\x{12F90}-\\x{12FF0}\\x{1342F}\\x{13441}-\\x{13446}\\x{16A70}-\\x{16ABE}'
        ~ '\\x{1AFF0}-\\x{1AFF3}\\x{1AFF5}-\\x{1AFFB}\\x{1AFFD}-\\x{1AFFE}\\x{1B11F}-\\x{1B122}'
        ~ '\\x{1B132}\\x{1B155}\\x{1DF00}-\\x{1DF1E}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}'
        ~ '\\x{1E290}-\\x{1E2AD}\\x{1E4D0}-\\x{1E4EB}\\x{1E7E0}-\\x{1E7E6}\\x{1E7E8}-\\x{1E7EB}'
        ~ '\\x{1E7ED}-\\x{1E7EE}\\x{1E7F0}-\\x{1E7FE}\\x{2A6DE}-\\x{2A6DF}\\x{2B735}-\\x{2B739}'
        ~ '\\x{31350}-\\x{323AF}' -%}
    {%- set newer_digits = '\\x{11F50}-\\x{11F59}\\x{16AC0}-\\x{16AC9}\\x{1D2C0}-\\x{1D2D3}\\x{1E4F0}-\\x{1E4F9}' -%}
    {%- set start = '\\A' if pattern.startswith('^') else '' -%}
    {%- set end = '\\z' if pattern.endswith('$') else '' -%}
    {{- start ~ pattern.removeprefix('^').removesuffix('$')
        | replace('\\p{L}', '\\p{L}' ~ newer_letters)
        | replace('\\p{N}', '\\p{N}' ~ newer_digits) ~ end -}}
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    ({{ text }} rlike r'\A(?:{{ spark_pattern(pattern) }})\z')
{%- endmacro %}


{% macro spark__replace_matches(text, pattern, replacement) -%}
    regexp_replace(
        {{ text }}, r'{{ spark_pattern(pattern) }}', '{{ replacement | replace('\\', '$') }}'
    )
{%- endmacro %}


{#- The letters that Java 17, of Unicode 13, knows no capital of: those that Unicode 14 has added. -#}
{% macro spark__upper_case(text) -%}
    {%- set letters = namespace(small='\u2c5f\ua7c1\ua7d1\ua7d7\ua7d9', capital='\u2c2f\ua7c0\ua7d0\ua7d6\ua7d8') -%}
    {%- for small in range(66967, 67005) if small not in [66978, 66994, 67002] -%}
        {%- set letters.small = letters.small ~ '%c' % small -%}
        {%- set letters.capital = letters.capital ~ '%c' % (small - 39) -%}
    {%- endfor -%}
    upper(translate({{ text }}, '{{ letters.small }}', '{{ letters.capital }}'))
{%- endmacro %}


{% macro spark__sorted_list(text) -%}
    case
        when count({{ text }}) > 0 then array_join(array_sort(collect_set({{ text }})), '; ')
    end
{%- endmacro %}


{#- dbt's own ends the build at a date that is null, and turns dates into moments. -#}
{% macro spark__datediff(first_date, second_date, datepart) -%}
    {%- if datepart != 'day' -%}
        {{ exceptions.raise_compiler_error('datediff: only days are known on Spark, not ' ~ datepart) }}
    {%- endif -%}
    datediff({{ second_date }}, {{ first_date }})
{%- endmacro %}

{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {%- if datepart != 'day' -%}
        {{ exceptions.raise_compiler_error('dateadd: only days are known on Spark, not ' ~ datepart) }}
    {%- endif -%}
    date_add({{ from_date_or_timestamp }}, {{ interval }})
{%- endmacro %}


{% macro spark__each_day(first_date, last_date) -%}
    explode(sequence({{ first_date }}, {{ last_date }}, interval 1 day))
{%- endmacro %}


{% macro spark__each_element(list) -%}
    explode({{ list }})
{%- endmacro %}


{% macro spark__weekday_number(date) -%}
    (weekday({{ date }}) + 1)
{%- endmacro %}


{% macro spark__weekday_name(date) -%}
    date_format({{ date }}, 'EEEE')
{%- endmacro %}


{% macro spark__month_name(date) -%}
    date_format({{ date }}, 'MMMM')
{%- endmacro %}


{#-
    In whole numbers of 38 digits: `div` has 64 bits, and a quotient keeps six digits after the point,
    so the remainder goes first. `sign` would make a float of it.
-#}
{% macro spark__percentage(part, whole) -%}
    {%- set whole_units = 'cast(cast(' ~ whole ~ ' as decimal(38, 4)) * 10000 as decimal(38, 0))' -%}
    {%- set part_units = 'cast(cast(' ~ part ~ ' as decimal(38, 4)) * 10000 as decimal(38, 0))' -%}
    {%- set dividend = '(20000 * abs(' ~ part_units ~ ') + ' ~ whole_units ~ ')' -%}
    {%- set divisor = '(2 * ' ~ whole_units ~ ')' -%}
    case
        when coalesce({{ whole }}, 0) <= 0 then cast(0 as decimal(18, 2))
        else cast(
            case when {{ part_units }} < 0 then -1 when {{ part_units }} >= 0 then 1 end
            * cast(least(
                999999999999999999,
                ({{ dividend }} - {{ dividend }} % {{ divisor }}) / {{ divisor }}
            ) as decimal(18, 0)) * cast(0.01 as decimal(2, 2)) as decimal(18, 2)
        )
    end
{%- endmacro %}


{#- A table over the files as they lie; its columns are read from them. -#}
{% macro spark__open_source(schema, table, files) -%}
    {%- do run_query('create schema if not exists ' ~ schema) -%}
    {%- for name, path in {table: files, table ~ '__ever': spark_whole_folder(files)}.items() if path -%}
        {%- do run_query('drop table if exists ' ~ schema ~ '.' ~ name) -%}
        {%- do run_query(
            'create table ' ~ schema ~ '.' ~ name ~ " using parquet options (path '"
            ~ path | replace("'", "\\'") ~ "', mergeSchema 'true')"
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro spark_whole_folder(files) %}
    {%- if '/raw/' in files and files.endswith('/*.parquet') -%}
        {{ return(files | replace('/*.parquet', '{,/replaced}/*.parquet')) }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{% macro spark__rows_ever_loaded(folder) -%}
    (
        select
            *,
            _metadata.file_path like '%/{{ folder }}/replaced/%' as is_replaced
        from {{ folder | replace('/', '.') }}__ever
    )
{%- endmacro %}


{#- Where the files of a table lie: each build has its own folder. -#}
{% macro spark__location_clause() -%}
    location '{{ spark_folder() }}/{{ model.schema }}/{{ model.alias }}'
{%- endmacro %}

{% macro spark_folder() -%} {{ env_var('PSA_RUN_SPARK_DIR') | replace("'", "\\'") }} {%- endmacro %}

{% macro spark__file_format_clause() -%}
    using parquet
{%- endmacro %}


{#-
    A contract by casts: sums and ranks have other types here than in DuckDB. A value that does not
    fit would become null, as dbt connects without ANSI mode, and parquet keeps no constraint: both
    end the build here, as they do in DuckDB.
-#}
{% macro spark__get_select_subquery(sql) -%}
    select
        {% for column in model['columns'].values() -%}
            {{ spark_as_declared(column) }} as {{ column.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from (
        {{ sql }}
    ) as model_subq
{%- endmacro %}

{% macro spark_as_declared(column) -%}
    {%- set value = 'cast(' ~ column.name ~ ' as ' ~ column.data_type ~ ')' -%}
    {%- set of = model.name ~ '.' ~ column.name -%}
    {%- if column.data_type not in ('string', 'boolean') -%}
        {%- set value = "if(" ~ column.name ~ " is null, null, coalesce(" ~ value ~ ", raise_error('"
            ~ of ~ ': conversion to type ' ~ column.data_type | upper
            ~ " failed: value is out of range')))" -%}
    {%- endif -%}
    {%- if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
        {%- set value = 'coalesce(' ~ value ~ ", raise_error('NOT NULL constraint failed: " ~ of ~ "'))" -%}
    {%- endif -%}
    {{ value }}
{%- endmacro %}

{% macro spark__get_assert_columns_equivalent(sql) -%}
    {#- dbt's own would run the query for its columns. -#}
    {%- set found = run_query('describe query ' ~ sql).columns['col_name'].values() | map('lower') | sort -%}
    {%- set declared = model['columns'].keys() | map('lower') | sort -%}
    {%- if found != declared -%}
        {{ exceptions.raise_compiler_error(
            'The contract has the columns ' ~ declared | join(', ')
            ~ '; the model has ' ~ found | join(', ') ~ '.'
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__as_amount(expression) -%}
    ({{ expression }})
{%- endmacro %}

{% macro spark__persist_constraints(relation, model) -%}
{%- endmacro %}

{#- Parquet keeps no comments of columns; the published files have them. -#}
{% macro spark__persist_docs(relation, model, for_relation, for_columns) -%}
{%- endmacro %}


{#- The first rows that fail a test, for whoever reads why the build failed: Spark ends with it. -#}
{% macro spark__keep_failed_rows(results) -%}
    {%- for result in results
        if result.node.resource_type == 'test' and result.status in ('fail', 'warn') -%}
        {%- do run_query(
            "insert overwrite directory '" ~ spark_folder() ~ '/failed/' ~ result.node.unique_id
            ~ "' using parquet select * from (" ~ result.node.compiled_code ~ ') as failed limit 3'
        ) -%}
    {%- endfor -%}
{%- endmacro %}


{#- Read by Spark itself, from the copy of its build: dbt takes the cell `null` for a missing one, and writes no apostrophe. -#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- do run_query(
        "create or replace temporary view seed_" ~ model.name ~ " using csv options (path '"
        ~ spark_folder() ~ '/csv/' ~ model.path
        ~ "', header 'true', multiLine 'true', escape '\"', encoding 'UTF-8')"
    ) -%}
    {%- set types = model.config.column_types -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.append('cast(' ~ name ~ ' as ' ~ types[name] ~ ') as ' ~ name) -%}
    {%- endfor -%}
    {%- set sql = 'insert into ' ~ this ~ ' select ' ~ columns | join(', ') ~ ' from seed_' ~ model.name -%}
    {%- do run_query(sql) -%}
    {{ return(sql) }}
{%- endmacro %}
