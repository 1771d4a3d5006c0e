"""A report's numbers as Markdown."""

from collections.abc import Mapping
from typing import Any

Report = dict[str, dict[str, Any]]
"""Sections of rows; a row is one value, or a value for each column."""


def markdown(report: Report) -> str:
    """One table a section."""
    return "\n".join(f"## {name}\n\n{_table(rows)}" for name, rows in report.items())


def _table(rows: Mapping[str, Any]) -> str:
    columns: list[str] = []
    for value in rows.values():
        if isinstance(value, Mapping):
            columns += [name for name in value if name not in columns]
    lines = [_line("", *columns) if columns else _line("", ""), _line(*["---"] * (1 + max(1, len(columns))))]
    for name, value in rows.items():
        cells = [value.get(column, "") for column in columns] if isinstance(value, Mapping) else [value]
        lines.append(_line(name, *(_text(cell) for cell in cells)))
    return "\n".join(lines) + "\n"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
