"""Processes that die, read or run out of disk, as programs: `python -m tests.fault_injection`.

The code under test knows nothing of them.
"""
