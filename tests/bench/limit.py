"""The machine's own limit: read every byte that is delivered once, write each that is published."""

import os
import sys
from pathlib import Path

PIECE = 2**23


def main(landing: Path, published: Path, copy: Path) -> None:
    """Read the files of a landing folder; write a file of the size of all published, to disk.

    Prints the bytes read and the bytes written.
    """
    read = 0
    for path in landing.rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while piece := file.read(PIECE):
                    read += len(piece)
    wanted = sum(path.stat().st_size for path in published.resolve().rglob("*") if path.is_file())
    piece = os.urandom(PIECE)  # what a disk that compresses cannot make smaller
    with copy.open("wb", buffering=0) as file:
        for start in range(0, wanted, PIECE):
            file.write(piece[: wanted - start])
        os.fsync(file.fileno())
    print(read, wanted)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
