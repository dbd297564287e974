"""The words of the sample: names, titles, statuses, and how people type POs."""

# fmt: off
FIRST_NAMES = (
    "Alderwood", "Brightwater", "Calder", "Dunmore", "Eastgate", "Fernhill", "Glenrock", "Hartwell",
    "Ironbridge", "Juniper", "Kestrel", "Larkfield", "Marlowe", "Northmoor", "Oakhaven",
    "Pinecrest", "Quayside", "Ravensford", "Silverbrook", "Thornbury",
)
TRADES = (
    "Logistics", "Dental Group", "Foods", "Engineering", "Legal", "Architects", "Housing Trust",
    "Veterinary Clinics", "Packaging", "Academy", "Accountants & Co.", "Marine, Ltd.",
)
PROJECT_NAMES = (
    "Server refresh", "Microsoft 365 migration", "Office move", "Wi-Fi survey and rollout",
    "Firewall replacement", "Backup redesign", "VoIP cut-over", "Laptop rollout", "ERP hosting",
    "Security baseline",
)
TASK_TITLES = (
    "Kick-off and planning", "Site survey", "Order equipment", "Build and configure", "Pilot group",
    "Migrate users", "Cut-over weekend", "Documentation", "Handover and training",
)
TICKET_TITLES = (
    "Printer offline", "Password reset", "VPN drops every hour", "Mailbox full", "New starter",
    "Leaver: revoke access", "Slow file server", "Backup job failed", "Shared calendar missing",
    "Phishing mail reported", "Laptop does not boot", 'Second monitor, 27"', "Certificate expires",
)
# fmt: on
WORK_STATUSES = ("New", "In Progress", "Waiting Customer", "Complete", "Complete", "Complete")
CHARGE_STATUSES = {
    "Delivered/Shipped Full": 78,
    "Pending": 5,
    "Waiting Approval": 3,
    "Need to Order/Fulfill": 2,
    "On Order": 3,
    "Ready to Deliver/Ship": 3,
    "Canceled": 2,
    "Cancelled": 1,
    "canceled ": 1,
    None: 3,
}
PO_STYLES = ("45000{n}", "PO-{n}", "PO {n}", "{n}/2026", "P.O. {n} B", "ORD {n} / IT", "BK{n}")
PLACEHOLDERS = ("N/A", "TBD", "-", "n/a ", "tbd", " - ", "N/A\u00a0")
DIRT = (  # the ways in which one and the same PO is typed
    lambda po: " " + po,
    lambda po: po + " ",
    lambda po: po.replace(" ", "  ") if " " in po else f"  {po}  ",
    lambda po: po.replace(" ", "\t") if " " in po else po + "\t",
    lambda po: po.replace(" ", "\u00a0") if " " in po else "\u00a0" + po,
    lambda po: po.replace(" ", "\u200b") if " " in po else po + "\u200b",
    lambda po: po.lower(),
)
