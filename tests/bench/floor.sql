-- The floor: what the same rules cost when they are written by hand in one script, from the delivered
-- parquet files to both facts in full width and the sums that are made of them. It trusts its input
-- where the project does not: every batch is a full one and valid, no key comes twice in it, the
-- vars are the defaults, labour is tracked. The variables landing and seeds are set by the caller.

create macro tidy(txt) as nullif(trim(regexp_replace(upper(txt), '[\s\x{00A0}\x{200B}]+', ' ', 'g')), '');
create macro label(txt) as upper(trim(txt));
create macro delivered_at(file) as regexp_extract(file, '(\d{4}-\d{2}-\d{2})[^/]*$', 1)::timestamp;
create macro fits(owner, owner_parent, line, line_parent) as
    owner is null or coalesce(owner = line, false) or coalesce(owner = line_parent, false)
    or coalesce(owner_parent = line, false);
create macro is_invoice(txt) as coalesce(trim(txt, e' \t\r\n\f') not in ('', '0'), false);

-- Rows of a table have no order; keeping one costs a third of the time and memory.
set preserve_insertion_order = false;
set timezone = 'UTC';
create schema marts;

create temp table placeholders as
select distinct tidy(placeholder) as po
from read_csv(getvariable('seeds') || '/po_placeholders.csv', header = true, all_varchar = true);

create temp table cancelled as
select label(status_name) as status
from read_csv(getvariable('seeds') || '/charge_statuses.csv', header = true)
where is_cancelled;

create temp table companies as
select id, company_name, nullif(parent_company_id, 0) as parent_company_id
from read_parquet(getvariable('landing') || '/autotask/companies/*.parquet');

-- Parents in every batch, under one set of names.
create temp table delivered as
with files as (
    select 'task' as level, "Task ID" as id, null::bigint as company_id, "Project ID" as project_id,
        null::bigint as contract_id, "Task Number" as number, "Title" as name,
        "Purchase Order Number" as txt, null::date as start_date, null::date as end_date,
        "Last Modified At" as modified_at, delivered_at(filename) as delivered_at
    from read_parquet(getvariable('landing') || '/autotask/tasks/*.parquet', filename = true)
    union all
    select 'ticket', id, "companyID", "projectID", "contractID", "ticketNumber", title,
        "purchaseOrderNumber", null, null, "lastTrackedModificationDateTime", delivered_at(filename)
    from read_parquet(getvariable('landing') || '/autotask/tickets/*.parquet', filename = true)
    union all
    select 'project', id, "companyID", id, "contractID", "projectNumber", "projectName",
        "purchaseOrderNumber", null, null, "lastActivityDateTime", delivered_at(filename)
    from read_parquet(getvariable('landing') || '/autotask/projects/*.parquet', filename = true)
    union all
    select 'contract', id, company_id, null, id, contract_number, contract_name,
        purchase_order_number, start_date, end_date, last_modified_at, delivered_at(filename)
    from read_parquet(getvariable('landing') || '/autotask/contracts/*.parquet', filename = true)
),
batches as (
    select level, delivered_at, lag(delivered_at) over chain as previous_at,
        lead(delivered_at) over chain is null as is_current
    from (select distinct level, delivered_at from files)
    window chain as (partition by level order by delivered_at)
)
select files.level, files.id, company_id, nullif(project_id, 0) as project_id,
    nullif(contract_id, 0) as contract_id, number, name, start_date, end_date,
    modified_at::timestamp as modified_at, files.delivered_at, previous_at, is_current,
    case when placeholders.po is null then tidy(txt) end as po,
    placeholders.po is not null as is_placeholder
from files
inner join batches on files.level = batches.level and files.delivered_at = batches.delivered_at
left join placeholders on tidy(txt) = placeholders.po;

-- The PO of a parent from one turning day to the next.
create temp table spans as
with carriers as (select distinct level, id from delivered where po is not null),
states as (
    select delivered.*,
        row_number() over chain as n,
        lag(po) over chain is distinct from po or lag(start_date) over chain is distinct from start_date
        or lag(end_date) over chain is distinct from end_date as is_change
    from delivered semi join carriers using (level, id)
    window chain as (partition by level, id order by delivered_at)
),
started as (
    select level, id, po, start_date, end_date, row_number() over chain as version,
        case when n = 1 then '0001-01-01'::date
            when modified_at > previous_at and modified_at <= delivered_at then modified_at::date
            else delivered_at::date end as since
    from states where n = 1 or is_change
    window chain as (partition by level, id order by n)
),
versions as (
    select *, coalesce(lead(since) over (partition by level, id order by version), '9999-12-31'::date) as until
    from started
),
days as (
    select level, id, since as day from versions
    union select level, id, start_date from versions where po is not null and start_date is not null
    union select level, id, end_date + 1 from versions where po is not null and end_date is not null
),
found as (
    select days.level, days.id, days.day, versions.po, versions.version,
        versions.since <= days.day as is_in_force,
        coalesce(versions.start_date <= days.day, true) and coalesce(versions.end_date >= days.day, true) as covers
    from days
    inner join versions on days.level = versions.level and days.id = versions.id
        and days.day < versions.until and versions.po is not null
),
best as (
    select level, id, day, case when covers then po end as po,
        case when covers then if(is_in_force, 'in_force', 'backfilled') end as basis, not covers as is_out
    from found
    qualify row_number() over (partition by level, id, day order by covers desc, version) = 1
)
select level, id, day, po, basis, is_out,
    coalesce(lead(day) over (partition by level, id order by day) - 1, '9999-12-31'::date) as last_day
from days left join best using (level, id, day);

-- The parents as they are now, one row a span: a line finds all that it needs in one join a level.
create macro parents_of(wanted) as table
select parents.id, coalesce(parents.company_id, projects.company_id) as owner,
    companies.parent_company_id as owner_parent, parents.project_id, parents.contract_id,
    parents.number, parents.name, parents.is_placeholder, dated.po, dated.basis,
    coalesce(dated.is_out, false) as is_out, coalesce(dated.day, '0001-01-01'::date) as day,
    coalesce(dated.last_day, '9999-12-31'::date) as last_day
from (from delivered where level = wanted and is_current) as parents
left join (from delivered where level = 'project' and is_current) as projects
    on parents.project_id = projects.id
left join companies on coalesce(parents.company_id, projects.company_id) = companies.id
left join (from spans where level = wanted) as dated on parents.id = dated.id;

create temp table tasks as from parents_of('task');
create temp table tickets as from parents_of('ticket');
create temp table projects as from parents_of('project');
create temp table contracts as from parents_of('contract');
drop table spans;
drop table delivered;

create table marts.fct_charges_po_resolved as
with lines as (
    select coalesce(lower(charge_kind), 'charge') as charge_kind, id, company_id,
        nullif(contract_id, 0) as contract_id, nullif(project_id, 0) as project_id,
        nullif(task_id, 0) as task_id, nullif(ticket_id, 0) as ticket_id,
        nullif(milestone_id, 0) as milestone_id, purchase_order_number, internal_po_number,
        material_code_name, name, description, quantity, billable_amount, extended_cost,
        coalesce(is_billable_to_company, true) as is_wanted, invoice_number, status_name, date_purchased
    from read_parquet(getvariable('landing') || '/autotask/charges/*.parquet')
),
linked as (
    select l.*, coalesce(l.project_id, t.project_id, k.project_id) as e_project,
        coalesce(l.contract_id, k.contract_id, p.contract_id) as e_contract,
        coalesce(l.company_id, k.owner, p.owner, c.owner) as e_company,
        c.name as contract_name, p.name as project_name, p.number as project_number,
        t.number as task_number, k.number as ticket_number,
        (l.task_id is not null and t.id is null) or (l.ticket_id is not null and k.id is null)
        or (coalesce(l.project_id, t.project_id, k.project_id) is not null and p.id is null)
        or (coalesce(l.contract_id, k.contract_id, p.contract_id) is not null and c.id is null) as has_orphan,
        coalesce(t.is_placeholder, false) or coalesce(k.is_placeholder, false)
        or coalesce(p.is_placeholder, false) or coalesce(c.is_placeholder, false) as has_placeholder,
        t.po as t_po, t.basis as t_basis, t.owner as t_owner, t.owner_parent as t_parent,
        k.po as k_po, k.basis as k_basis, k.owner as k_owner, k.owner_parent as k_parent,
        p.po as p_po, p.basis as p_basis, p.owner as p_owner, p.owner_parent as p_parent,
        c.po as c_po, c.basis as c_basis, c.owner as c_owner, c.owner_parent as c_parent, c.is_out as c_out
    from lines as l
    left join tasks as t on l.task_id = t.id and l.date_purchased between t.day and t.last_day
    left join tickets as k on l.ticket_id = k.id and l.date_purchased between k.day and k.last_day
    left join projects as p on coalesce(l.project_id, t.project_id, k.project_id) = p.id
        and l.date_purchased between p.day and p.last_day
    left join contracts as c on coalesce(l.contract_id, k.contract_id, p.contract_id) = c.id
        and l.date_purchased between c.day and c.last_day
),
priced as (
    select linked.*, is_invoice(invoice_number) as is_invoiced,
        companies.company_name, companies.parent_company_id as e_parent,
        case when placeholders.po is null then tidy(purchase_order_number) end as charge_po,
        placeholders.po is not null as own_placeholder,
        linked.is_wanted and cancelled.status is null as is_billable
    from linked
    left join companies on e_company = companies.id
    left join placeholders on tidy(purchase_order_number) = placeholders.po
    left join cancelled on label(status_name) = cancelled.status
),
fitted as (
    select *, fits(t_owner, t_parent, e_company, e_parent) as t_fits,
        fits(k_owner, k_parent, e_company, e_parent) as k_fits,
        fits(p_owner, p_parent, e_company, e_parent) as p_fits,
        fits(c_owner, c_parent, e_company, e_parent) as c_fits
    from priced
),
found as (
    select *, if(t_fits, t_po, null) as task_po, if(k_fits, k_po, null) as ticket_po,
        if(p_fits, p_po, null) as project_po, if(c_fits, c_po, null) as contract_po,
        (t_po is not null and not t_fits) or (k_po is not null and not k_fits)
        or (p_po is not null and not p_fits) or (c_po is not null and not c_fits) as is_other
    from fitted
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
            when task_po is not null then t_basis
            when ticket_po is not null then k_basis
            when project_po is not null then p_basis
            when contract_po is not null then c_basis end as po_basis,
        case
            when charge_po is not null then e_company
            when task_po is not null then coalesce(t_owner, e_company)
            when ticket_po is not null then coalesce(k_owner, e_company)
            when project_po is not null then coalesce(p_owner, e_company)
            when contract_po is not null then coalesce(c_owner, e_company) end as po_company_id,
        case
            when coalesce(charge_po, task_po, ticket_po, project_po, contract_po) is not null then null
            when coalesce(task_id, ticket_id, e_project, e_contract) is null then 'no_parent'
            when is_other then 'other_company'
            when c_out and c_fits then 'contract_out_of_period'
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
    po_basis, po_gap_reason, quantity, billable_amount, extended_cost, is_billable, is_invoiced,
    charge_po is not null as has_direct_po, po_number is not null as has_po,
    coalesce(charge_po <> coalesce(task_po, ticket_po, project_po, contract_po), false) as has_po_mismatch,
    po_number is null and is_billable and not is_invoiced and coalesce(e_company <> 0, true) as is_exposed,
    date_purchased
from resolved;

create table marts.fct_time_entries_po_resolved as
with lines as (
    select id, resource_id, nullif(contract_id, 0) as contract_id, nullif(task_id, 0) as task_id,
        nullif(ticket_id, 0) as ticket_id, date_worked, hours_worked, hours_to_bill, billing_amount,
        coalesce(is_non_billable, false) as is_non_billable, invoice_number
    from read_parquet(getvariable('landing') || '/autotask/time_entries/*.parquet')
),
linked as (
    select l.*, coalesce(t.project_id, k.project_id) as e_project,
        coalesce(l.contract_id, k.contract_id, p.contract_id) as e_contract,
        coalesce(k.owner, p.owner, c.owner) as e_company,
        c.name as contract_name, p.name as project_name, p.number as project_number,
        t.number as task_number, k.number as ticket_number,
        (l.task_id is not null and t.id is null) or (l.ticket_id is not null and k.id is null)
        or (coalesce(t.project_id, k.project_id) is not null and p.id is null)
        or (coalesce(l.contract_id, k.contract_id, p.contract_id) is not null and c.id is null) as has_orphan,
        coalesce(t.is_placeholder, false) or coalesce(k.is_placeholder, false)
        or coalesce(p.is_placeholder, false) or coalesce(c.is_placeholder, false) as has_placeholder,
        t.po as t_po, t.basis as t_basis, t.owner as t_owner, t.owner_parent as t_parent,
        k.po as k_po, k.basis as k_basis, k.owner as k_owner, k.owner_parent as k_parent,
        p.po as p_po, p.basis as p_basis, p.owner as p_owner, p.owner_parent as p_parent,
        c.po as c_po, c.basis as c_basis, c.owner as c_owner, c.owner_parent as c_parent, c.is_out as c_out
    from lines as l
    left join tasks as t on l.task_id = t.id and l.date_worked between t.day and t.last_day
    left join tickets as k on l.ticket_id = k.id and l.date_worked between k.day and k.last_day
    left join projects as p on coalesce(t.project_id, k.project_id) = p.id
        and l.date_worked between p.day and p.last_day
    left join contracts as c on coalesce(l.contract_id, k.contract_id, p.contract_id) = c.id
        and l.date_worked between c.day and c.last_day
),
fitted as (
    select linked.*, is_invoice(invoice_number) as is_invoiced,
        coalesce(e_company = 0, false) or coalesce(task_id, ticket_id, e_contract) is null as is_internal,
        companies.company_name, fits(t_owner, t_parent, e_company, parent_company_id) as t_fits,
        fits(k_owner, k_parent, e_company, parent_company_id) as k_fits,
        fits(p_owner, p_parent, e_company, parent_company_id) as p_fits,
        fits(c_owner, c_parent, e_company, parent_company_id) as c_fits
    from linked
    left join companies on e_company = companies.id
),
found as (
    select *, if(t_fits, t_po, null) as task_po, if(k_fits, k_po, null) as ticket_po,
        if(p_fits, p_po, null) as project_po, if(c_fits, c_po, null) as contract_po,
        (t_po is not null and not t_fits) or (k_po is not null and not k_fits)
        or (p_po is not null and not p_fits) or (c_po is not null and not c_fits) as is_other,
        if(is_non_billable, 0, coalesce(hours_to_bill, hours_worked))::decimal(12, 4) as billable_hours,
        if(is_non_billable, 0, coalesce(billing_amount, 0))::decimal(18, 4) as labor_amount
    from fitted
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
            when task_po is not null then t_basis
            when ticket_po is not null then k_basis
            when project_po is not null then p_basis
            when contract_po is not null then c_basis end as po_basis,
        case
            when task_po is not null then coalesce(t_owner, e_company)
            when ticket_po is not null then coalesce(k_owner, e_company)
            when project_po is not null then coalesce(p_owner, e_company)
            when contract_po is not null then coalesce(c_owner, e_company) end as po_company_id,
        case
            when coalesce(task_po, ticket_po, project_po, contract_po) is not null then null
            when coalesce(task_id, ticket_id, e_project, e_contract) is null then 'no_parent'
            when is_other then 'other_company'
            when c_out and c_fits then 'contract_out_of_period'
            when has_orphan then 'orphan_reference'
            when has_placeholder then 'placeholder'
            else 'parents_without_po' end as po_gap_reason
    from found
)
select id as time_entry_id, coalesce(po_company_id::varchar, 'unknown') || '-' || po_number as purchase_order_key,
    po_company_id, resource_id, e_company as company_id, e_contract as contract_id, e_project as project_id,
    task_id, ticket_id, company_name, contract_name, project_name, project_number, task_number,
    ticket_number, invoice_number, task_po, ticket_po, project_po, contract_po, po_number, po_source,
    po_basis, po_gap_reason, hours_worked, billable_hours,
    coalesce(billing_amount, 0)::decimal(18, 4) as billing_amount, labor_amount, is_non_billable,
    is_internal, is_invoiced, po_number is not null as has_po,
    po_number is null and labor_amount <> 0 and not is_invoiced and coalesce(e_company <> 0, true)
    and not is_internal as is_exposed, date_worked
from resolved;

-- The sums. Milestones are few: they add nothing to the time.
create table marts.po_overview as
select *
from (
    select count(*) as total_charge_records, count(*) filter (where has_po) as charges_with_po,
        sum(billable_amount) as total_billable_amount,
        sum(billable_amount) filter (where is_exposed) as exposed_amount,
        count(distinct purchase_order_key) as unique_po_numbers
    from marts.fct_charges_po_resolved
) cross join (
    select sum(hours_worked) filter (where not is_internal) as total_hours,
        sum(hours_worked) filter (where has_po and not is_internal) as hours_with_po
    from marts.fct_time_entries_po_resolved
);

create table marts.po_exposure as
select company_id, company_name, coalesce(material_code_name, 'Uncategorised') as material_code_name,
    count(*) filter (where is_exposed) as lines, sum(billable_amount) filter (where is_exposed) as amount,
    sum(billable_amount) filter (where is_exposed and getvariable('as_of')::date - date_purchased > 90) as old
from marts.fct_charges_po_resolved
where is_billable and not is_invoiced and (is_exposed or not has_direct_po)
group by all;

-- People are counted apart: beside the sums that takes twice as long.
create table marts.hours_per_po as
with hours as (
    select company_id, purchase_order_key, contract_id, company_name, po_number, contract_name,
        sum(hours_worked) as hours, sum(billable_hours) as billable_hours, sum(labor_amount) as amount,
        count(*) as lines, min(date_worked) as first_day, max(date_worked) as last_day
    from marts.fct_time_entries_po_resolved
    group by all
),
people as (
    select company_id, purchase_order_key, contract_id, count(distinct resource_id) as resources
    from marts.fct_time_entries_po_resolved
    group by all
)
select hours.*, people.resources
from hours
join people on hours.company_id is not distinct from people.company_id
    and hours.purchase_order_key is not distinct from people.purchase_order_key
    and hours.contract_id is not distinct from people.contract_id;

create table marts.po_monthly_activity as
with lines as (
    select po_company_id, po_number, date_trunc('month', date_purchased) as month,
        billable_amount as amount, 0 as hours
    from marts.fct_charges_po_resolved
    where has_po
    union all
    select po_company_id, po_number, date_trunc('month', date_worked), labor_amount, billable_hours
    from marts.fct_time_entries_po_resolved
    where has_po
),
summed as (
    select po_company_id, po_number, month, sum(amount) as amount, sum(hours) as hours, count(*) as lines
    from lines
    group by all
)
select coalesce(po_company_id::varchar, 'unknown') || '-' || po_number as purchase_order_key, *,
    sum(amount) over (partition by po_company_id, po_number order by month) as cumulative_amount
from summed;

create table marts.po_utilization as
select purchase_order_key, po_company_id, po_number, sum(amount) as amount, sum(hours) as hours
from marts.po_monthly_activity
group by all;
