"""The extraction, against a server that speaks Autotask's protocol with its oddities."""
