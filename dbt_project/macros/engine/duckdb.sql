{#-
    Everything that one SQL engine spells differently from another. A further engine needs its own
    `<engine>__` version of these macros, and nothing else.
-#}

{#- The pattern of one character out of a list of code points. -#}
{% macro one_of_characters(code_points) -%}
    {{ adapter.dispatch('one_of_characters')(code_points) }}
{%- endmacro %}

{% macro duckdb__one_of_characters(code_points) -%}
    [{% for code_point in code_points %}\x{ {{- '%04X' % code_point -}} }{% endfor %}]
{%- endmacro %}


{#- Whether a pattern describes a text from its first to its last character. -#}
{% macro matches(text, pattern) -%}
    {{ adapter.dispatch('matches')(text, pattern) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}


{#- In the replacement, \1 is what the first group of the pattern has matched. -#}
{% macro replace_matches(text, pattern, replacement) -%}
    {{ adapter.dispatch('replace_matches')(text, pattern, replacement) }}
{%- endmacro %}

{% macro duckdb__replace_matches(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}


{#- In capitals as Unicode lists them, those of several letters too; `text` is repeated. -#}
{% macro upper_case(text) -%}
    {{ adapter.dispatch('upper_case')(text) }}
{%- endmacro %}

{#- Letter by letter, so those of several capitals are spelled out before; most texts are ASCII. -#}
{% macro duckdb__upper_case(text) -%}
    {%- set spelled = namespace(text=text) -%}
    {%- for letter, capital in letters_of_several_capitals().items() -%}
        {%- set spelled.text = "replace(" ~ spelled.text ~ ", '" ~ letter ~ "', '" ~ capital ~ "')" -%}
    {%- endfor -%}
    case when strlen({{ text }}) = length({{ text }}) then upper({{ text }}) else upper({{ spelled.text }}) end
{%- endmacro %}


{#- The different texts of a group in the order of their code points; null when there are none. -#}
{% macro sorted_list(text) -%}
    {{ adapter.dispatch('sorted_list')(text) }}
{%- endmacro %}

{% macro duckdb__sorted_list(text) -%}
    string_agg(distinct {{ text }}, '; ' order by {{ text }})
{%- endmacro %}


{#- In a select list: a row for each day from the first to the last. -#}
{% macro each_day(first_date, last_date) -%}
    {{ adapter.dispatch('each_day')(first_date, last_date) }}
{%- endmacro %}

{% macro duckdb__each_day(first_date, last_date) -%}
    cast(unnest(generate_series({{ first_date }}, {{ last_date }}, interval 1 day)) as date)
{%- endmacro %}


{#- In a select list: a row for each element of a list. -#}
{% macro each_element(list) -%}
    {{ adapter.dispatch('each_element')(list) }}
{%- endmacro %}

{% macro duckdb__each_element(list) -%}
    unnest({{ list }})
{%- endmacro %}


{#- 1 = Monday to 7 = Sunday. -#}
{% macro weekday_number(date) -%}
    {{ adapter.dispatch('weekday_number')(date) }}
{%- endmacro %}

{% macro duckdb__weekday_number(date) -%}
    cast(extract(isodow from {{ date }}) as integer)
{%- endmacro %}


{% macro weekday_name(date) -%}
    {{ adapter.dispatch('weekday_name')(date) }}
{%- endmacro %}

{% macro duckdb__weekday_name(date) -%}
    dayname({{ date }})
{%- endmacro %}


{% macro month_name(date) -%}
    {{ adapter.dispatch('month_name')(date) }}
{%- endmacro %}

{% macro duckdb__month_name(date) -%}
    monthname({{ date }})
{%- endmacro %}


{#-
    A sum of money or hours as marts give it (MRT-27): readers cut the wider type of a sum down, or turn
    it into a float. A sum beyond the type ends the build with an error; none is ever cut.
-#}
{% macro as_amount(expression) -%}
    {{ adapter.dispatch('as_amount')(expression) }}
{%- endmacro %}

{% macro duckdb__as_amount(expression) -%}
    cast({{ expression }} as decimal(18, 4))
{%- endmacro %}


{% macro percentage(part, whole) -%}
    {{ adapter.dispatch('percentage')(part, whole) }}
{%- endmacro %}

{#-
    100 * part / whole, rounded half away from zero to two decimals; 0 when `whole` is 0 or less, and
    never beyond 18 digits (MRT-2). In whole numbers throughout: the quotient of two decimals
    would be a float, which cannot tell a half from nearly a half. Part and whole have four decimals at
    most.
-#}
{% macro duckdb__percentage(part, whole) -%}
    {%- set whole_units = 'cast(cast(' ~ whole ~ ' as decimal(38, 4)) * 10000 as hugeint)' -%}
    {%- set part_units = 'cast(cast(' ~ part ~ ' as decimal(38, 4)) * 10000 as hugeint)' -%}
    case
        when coalesce({{ whole }}, 0) <= 0 then cast(0 as decimal(18, 2))
        else cast(
            cast(
                sign({{ part_units }}) * least(
                    999999999999999999,
                    (2 * 10000 * abs({{ part_units }}) + {{ whole_units }}) // (2 * {{ whole_units }})
                ) as decimal(18, 0)
            ) * cast(0.01 as decimal(2, 2)) as decimal(18, 2)
        )
    end
{%- endmacro %}


{#-
    At the start of every run: make the sources tables of the engine, each all rows of its parquet
    files, which have the same columns by name.
-#}
{% macro open_sources() -%}
    {%- if execute -%}
        {%- for table in graph.sources.values() -%}
            {%- set files = table.config.meta.get('files')
                or 'raw/' ~ table.schema ~ '/' ~ table.identifier ~ '/*.parquet' -%}
            {%- do open_source(table.schema, table.identifier, env_var('PSA_DATA_DIR') ~ '/' ~ files) -%}
        {%- endfor -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}

{% macro open_source(schema, table, files) -%}
    {%- do adapter.dispatch('open_source')(schema, table, files) -%}
{%- endmacro %}

{% macro duckdb__open_source(schema, table, files) -%}
    {%- do run_query('create schema if not exists ' ~ schema) -%}
    {%- do run_query(
        'create or replace view ' ~ schema ~ '.' ~ table ~ ' as select * from ' ~ duckdb_parquet(files)
    ) -%}
{%- endmacro %}

{% macro duckdb_parquet(files, filename=false) -%}
    read_parquet(
        '{{ files | replace("'", "''") }}',
        union_by_name = true, hive_partitioning = false, filename = {{ filename }}
    )
{%- endmacro %}


{#- Every row of a raw table that was ever loaded, those of replaced contents too (`is_replaced`). -#}
{% macro rows_ever_loaded(source_name, table_name) -%}
    {{ adapter.dispatch('rows_ever_loaded')(source_name ~ '/' ~ table_name) }}
{%- endmacro %}

{% macro duckdb__rows_ever_loaded(folder) -%}
    (
        select
            *,
            filename like '%/{{ folder }}/replaced/%' as is_replaced
        from {{ duckdb_parquet(
            env_var('PSA_DATA_DIR') ~ '/raw/' ~ folder ~ '/**/*.parquet', filename=true
        ) }}
    )
{%- endmacro %}


{#- At the end of a run: what cannot be looked up in the warehouse later. -#}
{% macro keep_failed_rows(results) -%}
    {%- do adapter.dispatch('keep_failed_rows')(results) -%}
{%- endmacro %}

{% macro duckdb__keep_failed_rows(results) -%}
{%- endmacro %}
