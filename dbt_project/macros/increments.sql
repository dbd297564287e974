{#-
    Facts that are brought up to date: from one night to the next few lines change, and writing all of
    them is most of what the facts cost. orchestration/build/increments.py decides when that is right,
    keeps what the build before knew in schema `previous`, and names the facts to the one dbt that it
    starts. Any other dbt makes them anew.
-#}


{#- Whether this build only brings a fact up to date, or any of them. -#}
{% macro is_updated(fact='') %}
    {#- While dbt parses it finds what such a build reads. -#}
    {%- if not execute -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set facts = env_var('PSA_RUN_UPDATED_FACTS', '').split(',') | select | list -%}
    {{ return(fact in facts if fact else facts | length > 0) }}
{% endmacro %}


{#- In place of dbt's own: whoever starts it, the flag cannot be forgotten. -#}
{% macro should_full_refresh() %}
    {{ return(not is_updated(this.identifier)) }}
{% endmacro %}


{#- A model as the build before left it; of a fact the key and the ids of its parents. -#}
{% macro before(name) -%}
    {{ api.Relation.create(schema='previous', identifier=name) }}
{%- endmacro %}


{#- The rows of a model that only one of the two builds knows: new, gone, or of other values. -#}
{% macro changed(name, columns='*') %}
    (
        select {{ columns }} from {{ ref(name) }}
        except
        select {{ columns }} from {{ before(name) }}
    )
    union all
    (
        select {{ columns }} from {{ before(name) }}
        except
        select {{ columns }} from {{ ref(name) }}
    )
{% endmacro %}


{#- Before a fact is brought up to date: dbt replaces lines that come again, and no others. -#}
{% macro delete_lines_gone(lines_due, key) %}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where {{ key }} in (select {{ key }} from {{ lines_due }} where reason = 'gone')
    {%- endif -%}
{% endmacro %}


{#-
    At the start of dbt, by whomever: the warehouse no longer holds a complete, tested build
    (orchestration/build/fingerprint.py), until all that follows has passed.
-#}
{% macro forget_last_build() -%}
    {%- if target.type == 'duckdb' and flags.WHICH in ('build', 'run', 'seed') -%}
        drop table if exists {{ target.database }}.main.complete_build
    {%- endif -%}
{%- endmacro %}
