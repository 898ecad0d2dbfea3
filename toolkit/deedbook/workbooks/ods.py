"""An ODS that is written by the calls by which XlsxWriter writes an XLSX: as many of them as a workbook to edit needs.

So there is one writer of workbooks (`writer.py`). The parts are those of OpenDocument 1.3: `content.xml` has styles, the conditions of the
drop-downs, the sheets and the ranges of the filters; `settings.xml` says which rows and columns stay in view.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from xlsxwriter.utility import xl_rowcol_to_cell

MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_ESCAPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML does not take; it is written as XLSX writes it, and read so (`pages.seen`)."""
_SPACE = re.compile(r"(?<= ) +|\A +| \Z")
_SPACES_ELEMENT = '<text:s text:c="{}"/>'
_NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
_SPACES = (
    "".join(
        f' xmlns:{short}="{_NAMES}{name}:1.0"'
        for short, name in {
            **{name: name for name in ("office", "style", "table", "text", "config", "manifest")},
            "number": "datastyle",
            "fo": "xsl-fo-compatible",
        }.items()
    )
    + ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:ooo="http://openoffice.org/2004/office" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" office:version="1.3"'
)
_KINDS = {
    "@": '<number:text-style style:name="N1"><number:text-content/></number:text-style>',
    "yyyy-mm-dd": '<number:date-style style:name="N2"><number:year number:style="long"/><number:text>-</number:text>'
    '<number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style>',
}
"""The styles of values, by the format that a spreadsheet calls so."""
_SHOWN = {
    name: f'<style:style style:name="{name}" style:family="table"><style:table-properties table:display="{shown}"/></style:style>'
    for name, shown in (("shown", "true"), ("hidden", "false"))
}
"""The styles of sheets."""
_CHARACTER = 0.21
"""Centimetres that a character of a column's width takes."""


@dataclass(frozen=True, slots=True)
class Form:
    """A style of cells, by its name."""

    name: str
    looks: Mapping[str, Any]

    def xml(self) -> str:
        """The style as XML."""
        looks = self.looks
        cell = {
            "fo:background-color": looks.get("bg_color"),
            "fo:border-bottom": "0.75pt solid #000000" if looks.get("bottom") else None,
        }
        cell["fo:wrap-option"] = "wrap" if looks.get("text_wrap") else None
        text = {"fo:font-weight": "bold" if looks.get("bold") else None, "fo:color": looks.get("font_color")}
        text["fo:font-style"] = "italic" if looks.get("italic") else None
        kinds = {name: f' style:data-style-name="N{number}"' for number, name in enumerate(_KINDS, start=1)}
        inner = "".join(
            f"<style:{kind}-properties{''.join(f' {name}={quoteattr(value)}' for name, value in of.items() if value)}/>"
            for kind, of in (("table-cell", cell), ("text", text))
        )
        kind = kinds.get(looks.get("num_format", ""), "")
        return f'<style:style style:name="{self.name}" style:family="table-cell"{kind}>{inner}</style:style>'


@dataclass(slots=True)
class Sheet:
    """A sheet, filled by calls of the names that XlsxWriter has; rows and columns are counted from 0."""

    name: str
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    notes: dict[tuple[int, int], str] = field(default_factory=dict)
    forms: dict[int, Form] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    conditions: dict[int, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    fixed: tuple[int, int] = (0, 0)
    filtered: tuple[int, int, int, int] | None = None
    is_hidden: bool = False

    def hide(self) -> None:
        """It is not shown."""
        self.is_hidden = True

    very_hidden = hide

    def set_column(self, first: int, _last: int, width: float, form: Form) -> None:
        """The width and the style of a column."""
        self.widths[first], self.forms[first] = width, form

    def write_string(self, row: int, column: int, text: str, form: Form | None = None) -> None:
        """A text."""
        self._put(row, column, form, 'office:value-type="string"', _paragraphs(text))

    def write_number(self, row: int, column: int, value: float, form: Form | None = None) -> None:
        """A number."""
        self._put(
            row, column, form, f'office:value-type="float" office:value="{value!r}"', f"<text:p>{value:.15g}</text:p>"
        )

    def write_datetime(self, row: int, column: int, value: dt.date, form: Form | None = None) -> None:
        """A day."""
        self._put(
            row, column, form, f'office:value-type="date" office:date-value="{value}"', f"<text:p>{value}</text:p>"
        )

    def write_url(self, row: int, column: int, url: str, *, string: str) -> None:
        """A link to a cell, `internal:'SHEET'!CELL`."""
        target = "#" + url.removeprefix("internal:").replace("!", ".")
        link = f'<text:p><text:a xlink:type="simple" xlink:href={quoteattr(target)}>{escape(string)}</text:a></text:p>'
        self._put(row, column, None, 'office:value-type="string"', link)

    def write_comment(self, row: int, column: int, text: str, _options: Mapping[str, Any] | None = None) -> None:
        """A note on a cell."""
        self.notes[row, column] = f"<office:annotation>{_paragraphs(text)}</office:annotation>"

    def data_validation(self, _first: int, column: int, last: int, _column: int, options: Mapping[str, Any]) -> None:
        """What may stand in a column, down to a row."""
        self.conditions[column] = last, options

    def freeze_panes(self, rows: int, columns: int) -> None:
        """The rows and columns that stay in view."""
        self.fixed = rows, columns

    def autofilter(self, *cells: int) -> None:
        """The range that has a filter: its first row and column, and its last."""
        first_row, first_column, last_row, last_column = cells
        self.filtered = first_row, first_column, last_row, last_column

    def _put(self, row: int, column: int, form: Form | None, value: str, content: str) -> None:
        style = f' table:style-name="{form.name}"' if form else ""
        self.cells[row, column] = f"{style} {value}>{content}"

    @property
    def state(self) -> str:
        """The name of the style that shows it, or not."""
        return "hidden" if self.is_hidden else "shown"

    def columns(self) -> Iterator[str]:
        """Its columns as XML."""
        for column, form in self.forms.items():
            width = f"co{self.widths[column]:g}"
            yield f'<table:table-column table:style-name="{width}" table:default-cell-style-name="{form.name}"/>'
        if not self.forms:
            yield "<table:table-column/>"

    def rules(self, number: int) -> Iterator[str]:
        """The conditions of its columns as XML: one of a list, or nothing at all."""
        for column, (_, rule) in self.conditions.items():
            condition, message = "of:is-true-formula(FALSE())", escape(rule.get("error_message", ""))
            if rule["validate"] == "list":
                name, _, cells = rule["source"].removeprefix("=").partition("!")
                condition = f"of:cell-content-is-in-list([${name}.{cells.replace(':', ':.')}])"
            about = f'table:name="v{number}_{column}" table:condition={quoteattr(condition)}'
            base = quoteattr(self._cell(1, column))
            shown = f'table:display="{str(bool(message)).lower()}" table:message-type="stop"'
            told = f"<table:error-message {shown}><text:p>{message}</text:p></table:error-message>"
            yield f"<table:content-validation {about} table:base-cell-address={base}>{told}</table:content-validation>"

    def range_of_filter(self, number: int) -> str:
        """The range that has a filter, as XML; empty when none has."""
        if self.filtered is None:
            return ""
        top, left, bottom, right = self.filtered
        area = quoteattr(f"{self._cell(top, left)}:{self._cell(bottom, right)}")
        about = f'table:name="__Anonymous_Sheet_DB__{number}" table:target-range-address={area}'
        return f'<table:database-range {about} table:display-filter-buttons="true"/>'

    def view(self) -> str:
        """Which rows and columns of it stay in view, as XML."""
        rows, columns = self.fixed
        modes = {"HorizontalSplitMode": 2 * bool(columns), "VerticalSplitMode": 2 * bool(rows), "ActiveSplitRange": 2}
        places = {
            "HorizontalSplitPosition": columns,
            "VerticalSplitPosition": rows,
            "PositionRight": columns,
            "PositionBottom": rows,
        }
        items = "".join(
            f'<config:config-item config:name="{name}" config:type="{kind}">{value}</config:config-item>'
            for kind, known in (("short", modes), ("int", places))
            for name, value in known.items()
        )
        name = quoteattr(self.name)
        return (
            f"<config:config-item-map-entry config:name={name}>{items}</config:config-item-map-entry>"
            if any(self.fixed)
            else ""
        )

    def _cell(self, row: int, column: int) -> str:
        """How a cell is called from anywhere."""
        return f"'{self.name}'.{xl_rowcol_to_cell(row, column)}"

    def rows(self, number: int) -> Iterator[str]:
        """Its rows as XML, below the last one those that only have drop-downs; `number` is that of the sheet."""
        places = (*self.cells, *self.notes)
        height, width = (1 + max((place[axis] for place in places), default=0) for axis in (0, 1))
        rules = [f' table:content-validation-name="v{number}_{at}"' * (at in self.conditions) for at in range(width)]
        for row in range(height):
            yield "<table:table-row>"
            for column, rule in enumerate(rules):
                content, note = self.cells.get((row, column), ">"), self.notes.get((row, column), "")
                yield f"<table:table-cell{rule * (row > 0)}{content}{note}</table:table-cell>"
            yield "</table:table-row>"
        last = max((last for last, _ in self.conditions.values()), default=0)
        if last >= height:
            empty = "".join(f"<table:table-cell{rule}/>" for rule in rules)
            yield f'<table:table-row table:number-rows-repeated="{last + 1 - height}">{empty}</table:table-row>'


class Workbook:
    """An ODS that is being written.

    Args:
        path: Where to.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._sheets: list[Sheet] = []
        self._forms: list[Form] = []

    def add_worksheet(self, name: str) -> Sheet:
        """A new sheet, behind the others."""
        self._sheets.append(Sheet(name))
        return self._sheets[-1]

    def add_format(self, looks: Mapping[str, Any]) -> Form:
        """A style of cells."""
        self._forms.append(Form(f"ce{len(self._forms)}", looks))
        return self._forms[-1]

    def close(self) -> None:
        """Writes the file."""
        manifest = "".join(
            f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>'
            for path, kind in {"/": MEDIA_TYPE, "content.xml": "text/xml", "settings.xml": "text/xml"}.items()
        )
        parts = {
            "content.xml": f"<office:document-content{_SPACES}>{''.join(self._content())}</office:document-content>",
            "settings.xml": f"<office:document-settings{_SPACES}>{''.join(self._settings())}</office:document-settings>",
            "META-INF/manifest.xml": f"<manifest:manifest{_SPACES.replace('office:version', 'manifest:version')}>{manifest}</manifest:manifest>",
        }
        with zipfile.ZipFile(self._path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("mimetype", MEDIA_TYPE, zipfile.ZIP_STORED)
            for name, part in parts.items():
                archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>\n{part}'.encode("utf-8", "replace"))

    def _content(self) -> Iterator[str]:
        yield f"<office:automatic-styles>{''.join((*_KINDS.values(), *_SHOWN.values()))}"
        for width in sorted({width for sheet in self._sheets for width in sheet.widths.values()}):
            measure = f'<style:table-column-properties style:column-width="{width * _CHARACTER:.2f}cm"/>'
            yield f'<style:style style:name="co{width:g}" style:family="table-column">{measure}</style:style>'
        yield from (form.xml() for form in self._forms)
        yield "</office:automatic-styles><office:body><office:spreadsheet><table:content-validations>"
        for number, sheet in enumerate(self._sheets):
            yield from sheet.rules(number)
        yield "</table:content-validations>"
        for number, sheet in enumerate(self._sheets):
            yield f"<table:table table:name={quoteattr(sheet.name)} table:style-name={quoteattr(sheet.state)}>"
            yield from (*sheet.columns(), *sheet.rows(number), "</table:table>")
        ranges = "".join(sheet.range_of_filter(number) for number, sheet in enumerate(self._sheets))
        yield f"<table:database-ranges>{ranges}</table:database-ranges></office:spreadsheet></office:body>"

    def _settings(self) -> Iterator[str]:
        path = (
            ("item-set", "ooo:view-settings"),
            ("item-map-indexed", "Views"),
            ("item-map-entry", ""),
            ("item-map-named", "Tables"),
        )
        yield "<office:settings>"
        for kind, name in path:
            if kind == "item-map-named":
                yield '<config:config-item config:name="ViewId" config:type="string">view1</config:config-item>'
            yield f"<config:config-{kind}{f' config:name={quoteattr(name)}' if name else ''}>"
        yield from (sheet.view() for sheet in self._sheets)
        yield from (f"</config:config-{kind}>" for kind, _ in reversed(path))
        yield "</office:settings>"


def _paragraphs(text: str) -> str:
    """A text as paragraphs, one a line; spaces in a row, and those at the ends, are an element.

    A tab is a character: LibreOffice 7.4 writes the element for one, and passes over it when it reads.
    """
    safe = _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    lines = (escape(line, {"\t": "&#9;"}) for line in re.split("\r\n|\r|\n", safe))
    return "".join(
        f"<text:p>{_SPACE.sub(lambda it: _SPACES_ELEMENT.format(len(it[0])), line)}</text:p>" for line in lines
    )
