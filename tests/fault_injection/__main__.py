"""The command line; each command is what its function says.

`publish CHANGE DATA_DIR ID`, `refresh`, `read CURRENT` or `fill DISK`.
"""

import sys
from pathlib import Path

from tests.fault_injection.full_disk import fill
from tests.fault_injection.kill import publish_until, refreshes
from tests.fault_injection.readers import read

if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "publish":
        change, data_dir, generation_id = arguments
        publish_until(int(change), data_dir, generation_id)
    elif command == "read":
        read(*arguments)
    elif command == "fill":
        fill(Path(*arguments))
    else:
        refreshes()
