// A table of any height: only the rows in sight are elements. One cell is in the order of tabbing, arrows move it.

import { count, el, say } from "./dom.js";

/** Height of a row in pixels, as explorer.css has it. */
const ROW = 32;
/** Browsers draw no element higher than some 17 million pixels: a longer table scrolls faster than its bar. */
const HIGHEST = 8_000_000;
/** Widths of columns in rem, as explorer.css has them. */
const WIDTHS = { narrow: 8, middle: 12, long: 20 };
/** Characters of a cell that can be seen at all: the widest column has room for a hundred narrow ones. */
const SEEN = 120;

/** @typedef {import("./values.js").Field} Field */
/** @typedef {{text: string, title?: string, href?: string, none?: boolean}} Cell */
/**
 * @typedef {object} Model what the grid shows
 * @property {string} label
 * @property {() => number} length
 * @property {() => Field[]} fields those in sight
 * @property {(place: number, field: Field) => Cell | undefined} cell undefined: not read yet
 * @property {(places: number[]) => Promise<void>} read
 * @property {(place: number) => void} choose
 * @property {(field: Field) => void} sort
 * @property {() => {name: string, down: boolean} | null} sorted
 * @property {() => number} chosen the place that is looked at, -1 without one
 */

export class Grid {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.top = 0;
    this.at = { row: -1, column: 0 }; // row -1 is the header
    this.asked = 0;
    // as explorer.css has it, until the observer tells: asking the element makes the browser lay out the page
    this.height = Math.max(9 * ROW, Math.min(innerHeight * 0.75, 24 * ROW));
    this.set = /** @type {number | undefined} */ (0); // where the bar was put, undefined when somebody moved it
    this.columns = el("colgroup");
    this.head = el("tr", { "aria-rowindex": 1 });
    this.body = el("tbody");
    const listen = { onkeydown: this.pressed.bind(this), onclick: this.clicked.bind(this) };
    this.table = el("table", { role: "grid", class: "grid", "aria-label": model.label, ...listen }, this.columns, el("thead", {}, this.head), this.body);
    this.space = el("div", { class: "grid-space" }, this.table);
    this.element = el("div", { class: "grid-scroll", onscroll: () => this.scrolled() }, this.space);
    new ResizeObserver(() => {
      const before = this.sight;
      this.height = this.element.clientHeight;
      if (this.sight !== before) this.draw();
    }).observe(this.element);
  }

  /** Rows in sight. */
  get sight() {
    return Math.max(1, Math.floor((this.height - ROW) / ROW));
  }

  /** The first row that can stand on top. */
  get last() {
    return Math.max(0, this.model.length() - this.sight);
  }

  /** How far the bar goes, in pixels. */
  get range() {
    return Math.max(0, Math.min(HIGHEST, (this.model.length() + 1) * ROW) - this.height);
  }

  /** Everything anew: other rows, columns or order. @param {number} [place] the row on top */
  refresh(place = this.top) {
    const fields = this.model.fields(), length = this.model.length(), sorted = this.model.sorted();
    const focused = this.table.contains(document.activeElement);
    this.space.style.height = `${Math.min(HIGHEST, (length + 1) * ROW)}px`;
    this.table.setAttribute("aria-rowcount", String(length + 1));
    this.table.setAttribute("aria-colcount", String(fields.length));
    this.columns.replaceChildren(...fields.map((field) => el("col", { class: `col-${field.width}` })));
    this.table.style.width = `${fields.reduce((sum, field) => sum + WIDTHS[field.width], 0)}rem`;
    this.head.replaceChildren(
      ...fields.map((field, index) => {
        const mine = sorted?.name === field.name;
        const about = { scope: "col", "aria-colindex": index + 1, "aria-sort": mine ? (sorted.down ? "descending" : "ascending") : "none", class: `kind-${field.kind}`, title: `${field.title} (${field.name}): ${say("explorer.sort")}`, tabindex: -1 };
        return el("th", about, el("span", { class: "th-title", dir: "auto" }, field.title), el("span", { class: "th-sort", "aria-hidden": "true" }, mine ? (sorted.down ? " ▼" : " ▲") : ""));
      }),
    );
    this.at.column = Math.min(this.at.column, Math.max(0, fields.length - 1));
    this.at.row = Math.min(this.at.row, length - 1);
    this.show(place, true, focused);
  }

  /** Brings a row into sight. @param {number} place @param {boolean} [first] on top, whatever is in sight @param {boolean} [focused] */
  show(place, first = false, focused) {
    if (first || place < this.top) this.top = place;
    else if (place >= this.top + this.sight) this.top = place - this.sight + 1;
    this.top = Math.max(0, Math.min(this.top, this.last));
    const set = this.last ? Math.round((this.top / this.last) * this.range) : 0;
    if (set !== this.set) this.element.scrollTop = this.set = set;
    this.draw(focused);
  }

  scrolled() {
    if (this.element.scrollTop === this.set) return; // our own doing
    this.set = undefined;
    this.top = Math.min(this.last, Math.round((this.element.scrollTop / this.range) * this.last) || 0);
    this.draw();
  }

  /** The rows in sight. @param {boolean} [focused] whether the focus was in the table */
  draw(focused = this.table.contains(document.activeElement)) {
    const { model, top } = this, fields = model.fields(), end = Math.min(model.length(), top + this.sight + 1);
    /** @type {number[]} */
    const missing = [];
    const rows = [];
    for (let place = top; place < end; place++) {
      let known = true;
      const cells = fields.map((field, index) => {
        const cell = model.cell(place, field);
        known &&= cell !== undefined;
        const shown = cell && (cell.text.length > SEEN ? `${cell.text.slice(0, SEEN)}…` : cell.text);
        const inside = cell?.href ? el("a", { href: cell.href, tabindex: -1 }, shown) : shown ?? "";
        return el("td", { "aria-colindex": index + 1, class: `kind-${field.kind}${cell?.none ? " none" : ""}`, title: cell?.title, dir: "auto", tabindex: -1 }, inside);
      });
      if (!known) missing.push(place);
      rows.push(el("tr", { "aria-rowindex": place + 2, "aria-selected": place === model.chosen() ? "true" : null, class: place % 2 ? "odd" : "" }, ...cells));
    }
    this.body.replaceChildren(...rows);
    const cell = this.current();
    if (cell) {
      cell.tabIndex = 0;
      if (focused) cell.focus({ preventScroll: true });
    }
    const asked = ++this.asked; // what was asked for before is in sight no more
    if (!missing.length) return;
    setTimeout(async () => {
      if (asked !== this.asked) return; // scrolled on
      await model.read(missing);
      if (asked === this.asked) this.draw();
    }, 30);
  }

  /** The cell that is in the order of tabbing: where the focus was, else the first in sight. @returns {HTMLElement | null} */
  current() {
    const { row, column } = this.at;
    const line = row < 0 ? this.head : this.body.rows[row - this.top] || this.body.rows[0] || this.head;
    for (const old of this.table.querySelectorAll('[tabindex="0"]')) old.tabIndex = -1;
    return line.cells[column] || null;
  }

  /** @param {number} row @param {number} column */
  move(row, column) {
    this.at = { row: Math.max(-1, Math.min(row, this.model.length() - 1)), column: Math.max(0, Math.min(column, this.model.fields().length - 1)) };
    if (this.at.row >= 0) this.show(this.at.row);
    const cell = this.current();
    if (!cell) return;
    cell.tabIndex = 0;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const { row, column } = this.at, far = event.ctrlKey || event.metaKey;
    /** @type {Map<string, [number, number]>} */
    const moves = new Map([
      ["ArrowDown", [row + 1, column]], ["ArrowUp", [row - 1, column]], ["ArrowRight", [row, column + 1]], ["ArrowLeft", [row, column - 1]],
      ["PageDown", [row + this.sight, column]], ["PageUp", [Math.max(0, row - this.sight), column]],
      ["Home", [far ? 0 : row, 0]], ["End", [far ? Infinity : row, Infinity]],
    ]);
    const move = moves.get(event.key);
    if (move) this.move(...move);
    else if (event.key === "Enter" || event.key === " ") this.act();
    else return;
    event.preventDefault();
  }

  /** What Enter or a click does: sorts at the header, shows the row below it. */
  act() {
    const { row, column } = this.at;
    return row < 0 ? this.model.sort(this.model.fields()[column]) : this.model.choose(row);
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target), cell = /** @type {HTMLTableCellElement | null} */ (target.closest("td, th"));
    if (!cell || target.closest("a")) return;
    const line = /** @type {HTMLTableRowElement} */ (cell.parentElement);
    this.at = { row: line === this.head ? -1 : this.top + line.sectionRowIndex, column: cell.cellIndex };
    this.act();
  }
}

/** "3 of 1,000 rows". @param {number} some @param {number} all */
export const rowsText = (some, all) => say(some === all ? "explorer.all-rows" : "explorer.some-rows", { some: count(some), all: count(all) });
