"""A reader that opens the marts over and over."""

import select
import sys
import time


def read(current: str) -> None:
    """Open the marts until stdin is closed; print the generation that is seen each time.

    Each connection reads two marts, one before and one after a pause.
    """
    import duckdb

    is_last = False
    while True:
        with duckdb.connect(f"{current}/psa_marts.duckdb", read_only=True) as marts:
            first = marts.execute("select n from marts.first").fetchone()
            # 2026-11-21: leaves room for a swap between the two reads of one connection.
            time.sleep(0.05)
            second = marts.execute("select n from marts.second").fetchone()
        assert first
        assert first == second
        print(first[0], flush=True)
        if is_last:
            return
        is_last = bool(select.select([sys.stdin], [], [], 0)[0])
