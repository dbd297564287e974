-- Rules: MIL-9, MIL-10.
with

milestones as (
    select * from {{ ref('int_milestone_conflict_evidence') }}
),

waivers as (
    select * from {{ ref('stg_reference__milestone_conflict_waivers') }}
),

waivers_in_force as (
    select
        milestone_id,
        conflict_type,
        reason
    from waivers
    where until is null or until >= {{ as_of_date() }}
),

conflicts as (
    select
        milestone_id,
        'contract_reference_mismatch' as conflict_type,
        contract_mistake as detail
    from milestones
    where contract_mistake is not null

    union all

    select
        milestone_id,
        'project_without_contract' as conflict_type,
        cast(null as string) as detail
    from milestones
    where
        contract_id is null
        and existing_project_id is not null
        and project_contract_id is null

    union all

    select
        milestone_id,
        'missing_billing_target' as conflict_type,
        cast(null as string) as detail
    from milestones
    where contract_id is null and existing_project_id is null

    union all

    select
        milestone_id,
        'missing_charge_allocation' as conflict_type,
        cast(null as string) as detail
    from milestones
    where is_allocation_tracked and amount <> 0 and claim_count = 0

    union all

    select
        milestone_id,
        'duplicate_allocation' as conflict_type,
        charge_keys as detail
    from milestones
    where claim_count >= 2

    union all

    select
        milestone_id,
        'charge_contract_mismatch' as conflict_type,
        mismatching_charge_keys as detail
    from milestones
    where mismatching_charge_keys is not null
),

final as (
    select
        conflicts.milestone_id,
        conflicts.conflict_type,
        conflicts.detail,
        waivers_in_force.reason as waiver_reason,
        waivers_in_force.milestone_id is not null as is_waived
    from conflicts
    left join waivers_in_force
        on
            conflicts.milestone_id = waivers_in_force.milestone_id
            and conflicts.conflict_type = waivers_in_force.conflict_type
)

select * from final
