"""Which header of a file is which column of a table (RAW-2, RAW-3); no values here."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

# `Charges[id]` and `'Time Entries'[Hours Worked]`, as Power BI names a column of a table.
_TABLE_AND_COLUMN = re.compile(r"(?:'[^']*'|[^\[\]']*[^\s\[\]'])?\[([^\[\]]+)\]")
SHOWN_CHARACTERS = 200
ALIKE = 0.45  # the likeness, of 1, from which on a name may be meant by another one


class HeaderError(ValueError):
    """The header of a file does not fit its table."""

    def __init__(self, column: str, problem: str) -> None:
        """Say what is wrong with the header of `column`."""
        super().__init__(f"column {column}: {problem}")
        self.column = column
        self.problem = problem


class MissingColumnError(HeaderError):
    """A file lacks a column that its table requires."""


class Headers:
    """The headers that the columns of a table may have.

    They match by letters and digits alone, in any case.
    """

    def __init__(self, spellings: Mapping[str, Sequence[str]], required: Sequence[str]) -> None:
        """Say what to look for.

        Args:
            spellings: the headers of each column, best first.
            required: the columns that a file must have.
        """
        self._spellings = spellings
        self._plain = {
            name: [plain_header(one) for one in known] for name, known in spellings.items()
        }
        self._known = {spelling for known in self._plain.values() for spelling in known}
        self._required = required

    def match(self, headers: Iterable[str]) -> dict[str, int]:
        """Find the position of every column of the table among a file's headers.

        Raises:
            HeaderError: a required column is missing, or two headers are one column.
        """
        positions: dict[str, list[int]] = {}
        names = list(headers)
        for position, header in enumerate(names):
            positions.setdefault(plain_header(header), []).append(position)
        matched: dict[str, int] = {}
        for column, spellings in self._plain.items():
            for spelling in spellings:
                found = positions.get(spelling, [])
                if len(found) > 1:
                    alike = " and ".join(repr(names[position]) for position in found)
                    raise HeaderError(column, f"headers {alike} are the same column; keep one")
                if found:
                    matched.setdefault(column, found[0])
        for column in self._required:
            if column not in matched:
                raise MissingColumnError(column, self._missing(column, names))
        return matched

    def _missing(self, column: str, names: Sequence[str]) -> str:
        """What to say of a required column that is not among the headers of a file."""
        words = "required column missing"
        if others := [one for one in self._spellings[column] if one != column]:
            words += f" (accepted as well: {', '.join(others)})"
        unknown = {plain_header(name): name for name in names}
        alike = [
            found
            for spelling in self._plain[column]
            for found in difflib.get_close_matches(
                spelling, unknown.keys() - self._known, 1, cutoff=ALIKE
            )
        ]
        if alike:
            words += f"; most like it is {unknown[alike[0]]!r}"
        header = ", ".join(names)
        if len(header) > SHOWN_CHARACTERS:
            header = f"{header[:SHOWN_CHARACTERS]}…"
        return f"{words}; taken for the header: {header!r}"

    def has_required(self, headers: Iterable[str]) -> bool:
        """Whether all required columns are among these headers."""
        delivered = {plain_header(header) for header in headers}
        return all(not delivered.isdisjoint(self._plain[column]) for column in self._required)

    def count_known(self, headers: Iterable[str]) -> int:
        """Count the headers that are a column of the table."""
        return sum(plain_header(header) in self._known for header in headers)

    def drift(self, headers: Iterable[str]) -> tuple[list[str], list[str]]:
        """Compare a file's headers with the columns of the table.

        Returns:
            The unknown headers as delivered, and the names of the missing columns.
        """
        delivered = {plain_header(header): header for header in headers}
        missing = [
            name for name, spellings in self._plain.items() if not delivered.keys() & set(spellings)
        ]
        return sorted(delivered[header] for header in delivered.keys() - self._known), missing


def plain(name: str) -> str:
    """What of the name of a table, a column or a field is compared."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def plain_header(header: str) -> str:
    """What of a header is compared: the name of its column alone."""
    found = _TABLE_AND_COLUMN.fullmatch(header.strip())
    return plain(found[1] if found else header)
