"""The command line: `python -m data.generator --out DIR`."""

import argparse
from pathlib import Path

from data.generator.files import write
from data.generator.sample import SEED


def main() -> None:
    """Read the options and write the landing files."""
    parser = argparse.ArgumentParser(
        prog="python -m data.generator", description="Write the synthetic sample, at any size."
    )
    parser.add_argument("--out", type=Path, required=True, help="landing folder to write into")
    parser.add_argument("--scale", type=int, default=1, help="1 = the sample, 140 = 1 M charges")
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    if options.scale < 1:
        parser.error("--scale is 1 or more")
    other_format = "parquet" if options.format == "csv" else "csv"
    if any(options.out.rglob(f"*.full.{other_format}")):
        parser.error(f"{options.out} holds {other_format} files, which would be read as well")
    write(options.out, options.scale, options.format, options.seed)


if __name__ == "__main__":
    main()
