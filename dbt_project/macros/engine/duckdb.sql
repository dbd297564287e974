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


{% macro upper_case(text) -%}
    {{ adapter.dispatch('upper_case')(text) }}
{%- endmacro %}

{#- DuckDB upper-cases letter by letter, so letters with two capitals are spelled out before. -#}
{% macro duckdb__upper_case(text) -%}
    {%- set capitals = {
        'ß': 'SS', 'ﬀ': 'FF', 'ﬁ': 'FI', 'ﬂ': 'FL', 'ﬃ': 'FFI', 'ﬄ': 'FFL', 'ﬅ': 'ST', 'ﬆ': 'ST'
    } -%}
    {%- set spelled = namespace(text=text) -%}
    {%- for letter, capital in capitals.items() -%}
        {%- set spelled.text = "replace(" ~ spelled.text ~ ", '" ~ letter ~ "', '" ~ capital ~ "')" -%}
    {%- endfor -%}
    upper({{ spelled.text }})
{%- endmacro %}


{#- The different texts of a group in the order of their code points; null when there are none. -#}
{% macro sorted_list(text) -%}
    {{ adapter.dispatch('sorted_list')(text) }}
{%- endmacro %}

{% macro duckdb__sorted_list(text) -%}
    string_agg(distinct {{ text }}, '; ' order by {{ text }})
{%- endmacro %}


{% macro days_between(first_date, second_date) -%}
    {{ adapter.dispatch('days_between')(first_date, second_date) }}
{%- endmacro %}

{% macro duckdb__days_between(first_date, second_date) -%}
    date_diff('day', {{ first_date }}, {{ second_date }})
{%- endmacro %}


{% macro add_days(date, day_count) -%}
    {{ adapter.dispatch('add_days')(date, day_count) }}
{%- endmacro %}

{% macro duckdb__add_days(date, day_count) -%}
    ({{ date }} + ({{ day_count }}))
{%- endmacro %}


{% macro first_day_of_month(date) -%}
    {{ adapter.dispatch('first_day_of_month')(date) }}
{%- endmacro %}

{% macro duckdb__first_day_of_month(date) -%}
    cast(date_trunc('month', {{ date }}) as date)
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


{#- Stand for "since ever" and "for good"; all dates of the extracts lie between them. -#}
{% macro first_day() -%} cast('0001-01-01' as date) {%- endmacro %}
{% macro last_day() -%} cast('9999-12-31' as date) {%- endmacro %}


{#- Every row of a raw table that was ever loaded, those of replaced contents too (`is_replaced`). -#}
{% macro rows_ever_loaded(source_name, table_name) -%}
    {{ adapter.dispatch('rows_ever_loaded')(source_name, table_name) }}
{%- endmacro %}

{% macro duckdb__rows_ever_loaded(source_name, table_name) -%}
    (
        select
            *,
            filename like '%/{{ source_name }}/{{ table_name }}/replaced/%' as is_replaced
        from read_parquet(
            '{{ env_var('PSA_DATA_DIR') | replace("'", "''") }}/raw/{{ source_name }}/{{ table_name }}/**/*.parquet',
            union_by_name = true, hive_partitioning = false, filename = true
        )
    )
{%- endmacro %}
