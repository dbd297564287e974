"""Random landing folders with a strong bias to the corners of the rules.

What the pipeline should make of them does not belong here: that is what the oracle says.
"""

from datetime import date

AS_OF_DATE = date(2026, 11, 20)  # the day the scenarios are built around; pass it to the pipeline
