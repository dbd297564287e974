-- What the marts cost at least: the same rules written by hand in one script, from the raw files to
-- both facts in full width and the sums that are made of them. It trusts its input where the dbt
-- project does not: every batch is a full one, no key comes twice in it, the vars are the defaults.
-- The variables raw, seeds and as_of are set by the caller.

create macro tidy(txt) as nullif(trim(regexp_replace(upper(txt), '[\s\x{00A0}\x{200B}]+', ' ', 'g')), '');
create macro label(txt) as upper(trim(txt));

create table placeholders as
select distinct tidy(placeholder) as po
from read_csv(getvariable('seeds') || '/po_placeholders.csv', header = true, all_varchar = true);

create table cancelled as
select label(status_name) as status
from read_csv(getvariable('seeds') || '/charge_statuses.csv', header = true)
where is_cancelled;

create table companies as
select id, company_name, parent_company_id, po_required
from read_parquet(getvariable('raw') || '/autotask/companies/*.parquet');

-- Versions of POs, and the parents as they are now.
create table delivered as
select 'task' as level, id, purchase_order_number as txt, null::date as start_date,
    null::date as end_date, last_modified_at, _extracted_at
from read_parquet(getvariable('raw') || '/autotask/tasks/*.parquet')
union all
select 'ticket', id, purchase_order_number, null, null, last_modified_at, _extracted_at
from read_parquet(getvariable('raw') || '/autotask/tickets/*.parquet')
union all
select 'project', id, purchase_order_number, null, null, last_modified_at, _extracted_at
from read_parquet(getvariable('raw') || '/autotask/projects/*.parquet')
union all
select 'contract', id, purchase_order_number, start_date, end_date, last_modified_at, _extracted_at
from read_parquet(getvariable('raw') || '/autotask/contracts/*.parquet');

create table texts as
select txt, case when po not in (select po from placeholders) then po end as po,
    po in (select po from placeholders) as is_placeholder
from (
    select distinct txt, tidy(txt) as po
    from (
        select txt from delivered
        union all
        select purchase_order_number
        from read_parquet(getvariable('raw') || '/autotask/charges/*.parquet')
    )
    where txt is not null
);

create table versions as
with states as (
    select delivered.*, texts.po,
        (select max(b._extracted_at) from (select distinct level, _extracted_at from delivered) as b
         where b.level = delivered.level and b._extracted_at < delivered._extracted_at) as previous_at
    from delivered left join texts using (txt)
    where delivered.id in (select id from delivered as d where d.level = delivered.level and d.txt is not null)
),
changes as (
    select *, row_number() over chain as n,
        lag(po) over chain is distinct from po or lag(start_date) over chain is distinct from start_date
        or lag(end_date) over chain is distinct from end_date as is_change
    from states window chain as (partition by level, id order by _extracted_at)
),
started as (
    select level, id, po, start_date, end_date,
        row_number() over (partition by level, id order by n) as version,
        case when n = 1 then '0001-01-01'::date
            when last_modified_at > previous_at and last_modified_at <= _extracted_at then last_modified_at::date
            else _extracted_at::date end as since
    from changes where n = 1 or is_change
)
select *, coalesce(lead(since) over (partition by level, id order by version), '9999-12-31'::date) as until
from started;

create table parents as
with newest as (select level, max(_extracted_at) as newest_at from delivered group by level),
contracts as (
    select id, company_id, contract_name, contract_number
    from read_parquet(getvariable('raw') || '/autotask/contracts/*.parquet')
    where _extracted_at = (select newest_at from newest where level = 'contract')
),
projects as (
    select id, company_id, contract_id, project_name, project_number
    from read_parquet(getvariable('raw') || '/autotask/projects/*.parquet')
    where _extracted_at = (select newest_at from newest where level = 'project')
),
all_parents as (
    select 'task' as level, tasks.id, projects.company_id, tasks.project_id, null::bigint as contract_id,
        task_number as number, title as name
    from read_parquet(getvariable('raw') || '/autotask/tasks/*.parquet') as tasks
    left join projects on tasks.project_id = projects.id
    union all
    select 'ticket', id, company_id, project_id, contract_id, ticket_number, title
    from read_parquet(getvariable('raw') || '/autotask/tickets/*.parquet')
    union all
    select 'project', id, company_id, id, contract_id, project_number, project_name from projects
    union all
    select 'contract', id, company_id, null, id, contract_number, contract_name from contracts
)
select all_parents.*, companies.parent_company_id, coalesce(texts.is_placeholder, false) as is_placeholder
from all_parents
left join companies on all_parents.company_id = companies.id
left join newest on all_parents.level = newest.level
left join delivered on all_parents.level = delivered.level and all_parents.id = delivered.id
    and delivered._extracted_at = newest.newest_at
left join texts using (txt);

create table periods as
with days as (
    select level, id, since as day from versions
    union select level, id, start_date from versions where po is not null and start_date is not null
    union select level, id, end_date + 1 from versions where po is not null and end_date is not null
),
spans as (
    select *, coalesce(lead(day) over (partition by level, id order by day) - 1, '9999-12-31'::date) as last_day
    from days
),
found as (
    select spans.level, spans.id, spans.day, spans.last_day, versions.po, versions.version,
        versions.since <= spans.day as is_in_force,
        coalesce(versions.start_date <= spans.day, true) and coalesce(versions.end_date >= spans.day, true) as covers
    from spans
    inner join versions on spans.level = versions.level and spans.id = versions.id and spans.day < versions.until
    where versions.po is not null
)
select level, id, day, last_day, parents.company_id as owner, parents.parent_company_id as owner_parent,
    case when covers then po end as po,
    case when covers then if(is_in_force, 'in_force', 'backfilled') end as basis,
    not covers as is_out
from found inner join parents using (level, id)
qualify row_number() over (partition by level, id, day order by covers desc, version) = 1;

create macro fits(owner, owner_parent, line, line_parent) as
    owner is null or coalesce(owner = line, false) or coalesce(owner = line_parent, false)
    or coalesce(owner_parent = line, false);
create macro is_invoice(txt) as not coalesce(regexp_full_match(txt, '\s*0?\s*'), true);

create table marts.charges as
with linked as (
    select l.*, coalesce(l.project_id, t.project_id, k.project_id) as e_project,
        coalesce(l.contract_id, k.contract_id, p.contract_id) as e_contract,
        coalesce(l.company_id, k.company_id, p.company_id, c.company_id) as e_company,
        c.name as contract_name, p.name as project_name, p.number as project_number,
        t.number as task_number, k.number as ticket_number,
        (l.task_id is not null and t.id is null) or (l.ticket_id is not null and k.id is null)
        or (coalesce(l.project_id, t.project_id, k.project_id) is not null and p.id is null)
        or (coalesce(l.contract_id, k.contract_id, p.contract_id) is not null and c.id is null) as has_orphan,
        coalesce(t.is_placeholder, false) or coalesce(k.is_placeholder, false)
        or coalesce(p.is_placeholder, false) or coalesce(c.is_placeholder, false) as has_placeholder
    from read_parquet(getvariable('raw') || '/autotask/charges/*.parquet') as l
    left join parents as t on t.level = 'task' and l.task_id = t.id
    left join parents as k on k.level = 'ticket' and l.ticket_id = k.id
    left join parents as p
        on p.level = 'project' and coalesce(l.project_id, t.project_id, k.project_id) = p.id
    left join parents as c on c.level = 'contract'
        and coalesce(l.contract_id, k.contract_id, p.contract_id) = c.id
),
priced as (
    select linked.*, is_invoice(invoice_number) as is_invoiced,
        companies.company_name, companies.parent_company_id as e_parent,
        texts.po as charge_po, coalesce(texts.is_placeholder, false) as own_placeholder,
        cancelled.status is not null as is_cancelled
    from linked left join companies on e_company = companies.id
    left join texts on purchase_order_number = texts.txt
    left join cancelled on label(status_name) = cancelled.status
),
found as (
    select priced.*,
        if(fits(task.owner, task.owner_parent, e_company, e_parent), task.po, null) as task_po,
        if(fits(task.owner, task.owner_parent, e_company, e_parent), task.basis, null) as task_basis,
        coalesce(task.owner, e_company) as task_owner,
        if(fits(ticket.owner, ticket.owner_parent, e_company, e_parent), ticket.po, null) as ticket_po,
        if(fits(ticket.owner, ticket.owner_parent, e_company, e_parent), ticket.basis, null) as ticket_basis,
        coalesce(ticket.owner, e_company) as ticket_owner,
        if(fits(project.owner, project.owner_parent, e_company, e_parent), project.po, null) as project_po,
        if(fits(project.owner, project.owner_parent, e_company, e_parent), project.basis, null) as project_basis,
        coalesce(project.owner, e_company) as project_owner,
        if(fits(contract.owner, contract.owner_parent, e_company, e_parent), contract.po, null) as contract_po,
        if(fits(contract.owner, contract.owner_parent, e_company, e_parent), contract.basis, null) as contract_basis,
        coalesce(contract.owner, e_company) as contract_owner,
        coalesce(contract.is_out, false) and fits(contract.owner, contract.owner_parent, e_company, e_parent) as is_out,
        (task.po is not null and not fits(task.owner, task.owner_parent, e_company, e_parent)) or
        (ticket.po is not null and not fits(ticket.owner, ticket.owner_parent, e_company, e_parent)) or
        (project.po is not null and not fits(project.owner, project.owner_parent, e_company, e_parent)) or
        (contract.po is not null and not fits(contract.owner, contract.owner_parent, e_company, e_parent)) as is_other
    from priced
    left join periods as task
        on task.level = 'task' and task_id = task.id
            and date_purchased between task.day and task.last_day
    left join periods as ticket
        on ticket.level = 'ticket' and ticket_id = ticket.id
            and date_purchased between ticket.day and ticket.last_day
    left join periods as project
        on project.level = 'project' and e_project = project.id
            and date_purchased between project.day and project.last_day
    left join periods as contract
        on contract.level = 'contract' and e_contract = contract.id
            and date_purchased between contract.day and contract.last_day
),
resolved as (
    select *, coalesce(charge_po, task_po, ticket_po, project_po, contract_po) as po_number,
        case
            when charge_po is not null then 'charge'
            when task_po is not null then 'task'
            when ticket_po is not null then 'ticket'
            when project_po is not null then 'project'
            when contract_po is not null then 'contract'
            else 'none' end as po_source,
        case
            when charge_po is not null then 'direct'
            when task_po is not null then task_basis
            when ticket_po is not null then ticket_basis
            when project_po is not null then project_basis
            when contract_po is not null then contract_basis
            else null end as po_basis,
        case
            when charge_po is not null then e_company
            when task_po is not null then task_owner
            when ticket_po is not null then ticket_owner
            when project_po is not null then project_owner
            when contract_po is not null then contract_owner
            else null end as po_company_id,
        case when coalesce(charge_po, task_po, ticket_po, project_po, contract_po) is not null then null
            when coalesce(task_id, ticket_id, e_project, e_contract) is null then 'no_parent'
            when is_other then 'other_company' when is_out then 'contract_out_of_period'
            when has_orphan then 'orphan_reference'
            when has_placeholder or own_placeholder then 'placeholder'
            else 'parents_without_po' end as po_gap_reason
    from found
)
select charge_kind || '-' || id as charge_key, id as charge_id,
    coalesce(po_company_id::varchar, 'unknown') || '-' || po_number as purchase_order_key, po_company_id,
    e_company as company_id, e_contract as contract_id, e_project as project_id, task_id, ticket_id,
    milestone_id, charge_kind, company_name, contract_name, project_name, project_number, task_number,
    ticket_number, material_code_name, name, description, invoice_number, purchase_order_number,
    internal_po_number, charge_po, task_po, ticket_po, project_po, contract_po, po_number, po_source,
    po_basis, po_gap_reason, quantity, billable_amount, extended_cost,
    coalesce(is_billable, true) and not is_cancelled as is_billable, is_invoiced,
    charge_po is not null as has_direct_po, po_number is not null as has_po,
    coalesce(charge_po <> coalesce(task_po, ticket_po, project_po, contract_po), false) as has_po_mismatch,
    po_number is null and coalesce(is_billable, true) and not is_cancelled and not is_invoiced
    and coalesce(e_company <> 0, true) as is_exposed, date_purchased
from resolved;

create table marts.time_entries as
with linked as (
    select l.*, coalesce(t.project_id, k.project_id) as e_project,
        coalesce(l.contract_id, k.contract_id, p.contract_id) as e_contract,
        coalesce(k.company_id, p.company_id, c.company_id) as e_company,
        c.name as contract_name, p.name as project_name, p.number as project_number,
        t.number as task_number, k.number as ticket_number,
        (l.task_id is not null and t.id is null) or (l.ticket_id is not null and k.id is null)
        or (coalesce(t.project_id, k.project_id) is not null and p.id is null)
        or (coalesce(l.contract_id, k.contract_id, p.contract_id) is not null and c.id is null) as has_orphan,
        coalesce(t.is_placeholder, false) or coalesce(k.is_placeholder, false)
        or coalesce(p.is_placeholder, false) or coalesce(c.is_placeholder, false) as has_placeholder
    from read_parquet(getvariable('raw') || '/autotask/time_entries/*.parquet') as l
    left join parents as t on t.level = 'task' and l.task_id = t.id
    left join parents as k on k.level = 'ticket' and l.ticket_id = k.id
    left join parents as p on p.level = 'project' and coalesce(t.project_id, k.project_id) = p.id
    left join parents as c on c.level = 'contract'
        and coalesce(l.contract_id, k.contract_id, p.contract_id) = c.id
),
priced as (
    select linked.*, is_invoice(invoice_number) as is_invoiced,
        companies.company_name, companies.parent_company_id as e_parent
    from linked left join companies on e_company = companies.id
),
found as (
    select priced.*,
        if(fits(task.owner, task.owner_parent, e_company, e_parent), task.po, null) as task_po,
        if(fits(task.owner, task.owner_parent, e_company, e_parent), task.basis, null) as task_basis,
        coalesce(task.owner, e_company) as task_owner,
        if(fits(ticket.owner, ticket.owner_parent, e_company, e_parent), ticket.po, null) as ticket_po,
        if(fits(ticket.owner, ticket.owner_parent, e_company, e_parent), ticket.basis, null) as ticket_basis,
        coalesce(ticket.owner, e_company) as ticket_owner,
        if(fits(project.owner, project.owner_parent, e_company, e_parent), project.po, null) as project_po,
        if(fits(project.owner, project.owner_parent, e_company, e_parent), project.basis, null) as project_basis,
        coalesce(project.owner, e_company) as project_owner,
        if(fits(contract.owner, contract.owner_parent, e_company, e_parent), contract.po, null) as contract_po,
        if(fits(contract.owner, contract.owner_parent, e_company, e_parent), contract.basis, null) as contract_basis,
        coalesce(contract.owner, e_company) as contract_owner,
        coalesce(contract.is_out, false) and fits(contract.owner, contract.owner_parent, e_company, e_parent) as is_out,
        (task.po is not null and not fits(task.owner, task.owner_parent, e_company, e_parent)) or
        (ticket.po is not null and not fits(ticket.owner, ticket.owner_parent, e_company, e_parent)) or
        (project.po is not null and not fits(project.owner, project.owner_parent, e_company, e_parent)) or
        (contract.po is not null and not fits(contract.owner, contract.owner_parent, e_company, e_parent)) as is_other
    from priced
    left join periods as task
        on task.level = 'task' and task_id = task.id
            and date_worked between task.day and task.last_day
    left join periods as ticket
        on ticket.level = 'ticket' and ticket_id = ticket.id
            and date_worked between ticket.day and ticket.last_day
    left join periods as project
        on project.level = 'project' and e_project = project.id
            and date_worked between project.day and project.last_day
    left join periods as contract
        on contract.level = 'contract' and e_contract = contract.id
            and date_worked between contract.day and contract.last_day
),
resolved as (
    select *, coalesce(task_po, ticket_po, project_po, contract_po) as po_number,
        case
            when task_po is not null then 'task'
            when ticket_po is not null then 'ticket'
            when project_po is not null then 'project'
            when contract_po is not null then 'contract'
            else 'none' end as po_source,
        case
            when task_po is not null then task_basis
            when ticket_po is not null then ticket_basis
            when project_po is not null then project_basis
            when contract_po is not null then contract_basis
            else null end as po_basis,
        case
            when task_po is not null then task_owner
            when ticket_po is not null then ticket_owner
            when project_po is not null then project_owner
            when contract_po is not null then contract_owner
            else null end as po_company_id,
        case when coalesce(task_po, ticket_po, project_po, contract_po) is not null then null
            when coalesce(task_id, ticket_id, e_project, e_contract) is null then 'no_parent'
            when is_other then 'other_company' when is_out then 'contract_out_of_period'
            when has_orphan then 'orphan_reference'
            when has_placeholder then 'placeholder'
            else 'parents_without_po' end as po_gap_reason
    from found
)
select id as time_entry_id, coalesce(po_company_id::varchar, 'unknown') || '-' || po_number as purchase_order_key,
    po_company_id, resource_id, e_company as company_id, e_contract as contract_id, e_project as project_id,
    task_id, ticket_id, company_name, contract_name, project_name, project_number, task_number,
    ticket_number, invoice_number, task_po, ticket_po, project_po, contract_po, po_number, po_source,
    po_basis, po_gap_reason, hours_worked,
    if(is_non_billable, 0, coalesce(hours_to_bill, hours_worked))::decimal(12, 4) as billable_hours,
    coalesce(billing_amount, 0)::decimal(18, 4) as billing_amount,
    if(is_non_billable, 0, coalesce(billing_amount, 0))::decimal(18, 4) as labor_amount,
    coalesce(is_non_billable, false) as is_non_billable,
    coalesce(e_company = 0, false) or coalesce(task_id, ticket_id, e_contract) is null as is_internal,
    is_invoiced, po_number is not null as has_po,
    po_number is null and not coalesce(is_non_billable, false) and coalesce(billing_amount, 0) <> 0
    and not is_invoiced and coalesce(e_company <> 0, true)
    and coalesce(task_id, ticket_id, e_contract) is not null as is_exposed, date_worked
from resolved;

-- The sums. Milestones are few: they add nothing to the time.
create table marts.overview as
select count(*) as charges, count(*) filter (where has_po) as charges_with_po,
    sum(billable_amount) as amount, sum(billable_amount) filter (where is_exposed) as exposed_amount,
    count(distinct purchase_order_key) as pos
from marts.charges;

create table marts.exposure as
select company_id, company_name, coalesce(material_code_name, 'Uncategorised') as code,
    count(*) filter (where is_exposed) as lines, sum(billable_amount) filter (where is_exposed) as amount,
    sum(billable_amount) filter (where is_exposed and getvariable('as_of')::date - date_purchased > 90) as old
from marts.charges
where is_billable and not is_invoiced and (is_exposed or not has_direct_po)
group by all;

create table marts.hours as
select company_id, purchase_order_key, contract_id, company_name, po_number, contract_name,
    sum(hours_worked) as hours, sum(billable_hours) as billable_hours, sum(labor_amount) as amount,
    count(*) as lines, count(distinct resource_id) as resources, min(date_worked) as first_day,
    max(date_worked) as last_day
from marts.time_entries
group by all;

create table marts.months as
select purchase_order_key, po_company_id, po_number, date_trunc('month', day) as month,
    sum(amount) as amount, sum(hours) as hours, count(*) as lines
from (
    select purchase_order_key, po_company_id, po_number, date_purchased as day, billable_amount as amount,
        0::decimal(12, 4) as hours
    from marts.charges where has_po
    union all
    select purchase_order_key, po_company_id, po_number, date_worked, labor_amount, billable_hours
    from marts.time_entries where has_po
)
group by all;

create table marts.use_of_pos as
select purchase_order_key, po_company_id, po_number, sum(amount) as amount, sum(hours) as hours
from marts.months
group by all;

create table marts.burn_down as
select *, sum(amount) over (partition by purchase_order_key order by month) as cumulative_amount
from marts.months;
