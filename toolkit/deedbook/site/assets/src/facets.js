// The controls that filter: counts of codes with their labels, parts of texts, ranges of numbers and dates, missing cells.

import { count, el, page, say } from "./dom.js";
import { rest } from "./ranges.js";
import { textOf } from "./values.js";

/** @typedef {import("./parquet.js").Value} Value */
/** @typedef {import("./values.js").Field} Field */
/** @typedef {import("./where.js").Filter} Filter */

/** Values of a facet that are shown before somebody asks for all. */
const FIRST = 12;
/** Facets that are open on a wide screen when the page is. */
const OPEN = 4;

/** What a code is called, else its text. @param {Value} value @param {Field} field */
export function labelOf(value, field) {
  if (value === null) return say("explorer.missing");
  const found = field.codes?.find(([code]) => code === value);
  if (found) return found[1];
  return field.kind === "boolean" ? say(value ? "explorer.true" : "explorer.false") : String(textOf(value, field));
}

/**
 * A list of values with a box each.
 * @param {Field} field
 * @param {boolean} whole whether all values were counted when the page was made
 * @param {[Value, number][]} first those that were
 * @param {(name: string) => Filter} filter the one of a field, made if there was none
 * @param {() => void} changed
 * @param {(name: string) => Promise<Map<Value, number>>} tally
 */
function facet(field, whole, first, filter, changed, tally) {
  const list = el("ul", { class: "facet-values" });
  const box = el("details", { class: "facet", "data-field": field.name }, el("summary", { dir: "auto" }, field.title), list);
  const known = new Map(first);
  let counts = new Map(first), all = false, drawn = -1;

  function draw() {
    const chosen = filter(field.name).values || new Set();
    const values = [...new Set([...known.keys(), ...counts.keys(), ...chosen])];
    const shown = all ? values : values.slice(0, FIRST).concat(values.slice(FIRST).filter((value) => chosen.has(value)));
    const items = shown.map((value) => {
      const many = counts.get(value) || 0, label = labelOf(value, field);
      const choose = () => ((filter(field.name).values ||= new Set())[chosen.has(value) ? "delete" : "add"](value), changed());
      const input = el("input", { type: "checkbox", checked: chosen.has(value), onchange: choose });
      const code = typeof value === "string" && label !== value ? el("span", { class: "code" }, value) : null;
      return el("li", {}, el("label", { class: many ? "" : "none" }, input, el("span", { class: "facet-label", dir: "auto", title: String(value ?? "") }, label, " ", code), el("span", { class: "facet-count" }, count(many))));
    });
    list.replaceChildren(...items);
    if (shown.length < values.length)
      list.append(el("li", {}, el("button", { type: "button", class: "plain", onclick: () => ((all = true), draw()) }, say("explorer.more", { some: count(values.length - shown.length) }))));
  }

  async function refresh(/** @type {number} */ state) {
    if (!box.open || drawn === state) return;
    drawn = state;
    counts = state || !whole ? await tally(field.name) : known;
    if (!whole) for (const value of counts.keys()) known.set(value, 0);
    draw();
  }
  return { box, refresh, whole };
}

/**
 * A text, a range or a choice of missing cells.
 * @param {Field} field
 * @param {(name: string) => Filter} filter
 * @param {() => void} changed
 * @param {() => void} typed the same, when typing stops
 */
function control(field, filter, changed, typed) {
  const kind = field.kind === "text" ? { type: "search" } : field.kind === "number" ? { type: "text", inputmode: "decimal", pattern: "-?[0-9]+([.][0-9]+)?" } : { type: "date" };
  const parts = /** @type {("text" | "low" | "high")[]} */ (field.kind === "text" ? ["text"] : ["low", "high"]);
  const box = el("details", { class: "facet", "data-field": field.name, ontoggle: refresh }, el("summary", { dir: "auto" }, field.title));
  /** @type {any[]} */
  const boxes = [], missing = el("select", { onchange: () => ((filter(field.name).missing = missing.value ? missing.value === "missing" : undefined), changed()) });
  const named = (/** @type {string} */ name, /** @type {Node} */ box) => el("label", {}, el("span", { class: "label" }, say(`explorer.${name}`)), box);
  /** Puts into the boxes, made when they are first seen, what the filter says, which another may have changed. */
  function refresh() {
    const now = filter(field.name);
    if (Object.values(now).some((value) => value !== undefined)) box.open = true;
    if (!box.open) return;
    if (!boxes.length) {
      boxes.push(...parts.map((part) => el("input", { ...kind, oninput: (/** @type {any} */ { target }) => ((filter(field.name)[part] = target.value.trim() || undefined), typed()) })));
      missing.append(...["", "there", "missing"].map((value) => el("option", { value }, say(`explorer.cells-${value || "any"}`))));
      box.append(...parts.map((part, at) => named(`cells-${part}`, boxes[at])), named("cells", missing));
    }
    parts.forEach((part, at) => document.activeElement !== boxes[at] && (boxes[at].value = now[part] || ""));
    missing.value = now.missing === undefined ? "" : now.missing ? "missing" : "there";
  }
  return { box, refresh };
}

/**
 * The controls of all fields: first those with codes.
 * @param {Field[]} fields
 * @param {(name: string) => Filter} filter
 * @param {() => void} changed
 * @param {() => void} typed
 * @param {(name: string) => Promise<Map<Value, number>>} tally
 */
export function controls(fields, filter, changed, typed, tally) {
  const counted = new Map(/** @type {[string, boolean, [Value, number][]][]} */ (page.counts).map(([name, ...rest]) => [name, rest]));
  const lists = fields.filter((field) => counted.has(field.name)).map((field) => facet(field, .../** @type {[boolean, [Value, number][]]} */ (counted.get(field.name)), filter, changed, tally));
  const others = fields.filter((field) => !counted.has(field.name)).map((field) => control(field, filter, changed, typed));
  const wide = matchMedia("(min-width: 60rem)").matches;
  let state = 0, turns = 0; // which selection is counted; 0: all rows
  for (const { box, refresh } of lists) box.addEventListener("toggle", () => refresh(state));
  for (const { box, refresh } of lists.filter(({ whole }) => whole).slice(0, wide ? OPEN : 0)) (box.open = true), refresh(0);
  return {
    open: () => lists.filter(({ box }) => box.open).map(({ box }) => box.dataset.field),
    boxes: [...lists, ...others].map(({ box }) => box),
    /** @param {boolean} filtered */
    refresh: async (filtered) => {
      state = filtered ? ++turns : 0;
      for (const { refresh } of others) refresh();
      for (const { refresh } of lists) await refresh(state), await rest();
    },
  };
}
