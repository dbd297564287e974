"""The command line; each command is what its function says.

`publish DATA_DIR`, `refresh`, `read CURRENT` or `fill DISK`.
"""

import sys
from pathlib import Path

from tests.fault_injection.full_disk import fill
from tests.fault_injection.kill import publications, refreshes
from tests.fault_injection.readers import read

if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "publish":
        publications(*arguments)
    elif command == "read":
        read(*arguments)
    elif command == "fill":
        fill(Path(*arguments))
    else:
        refreshes()
