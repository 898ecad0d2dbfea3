// The controls that filter: counts of codes with their labels, parts of texts, ranges of numbers and dates, missing cells.

import { count, el, page, say } from "./dom.js";
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
  let counts = new Map(first), all = false;

  function draw() {
    const chosen = filter(field.name).values || new Set();
    const values = [...new Set([...known.keys(), ...counts.keys(), ...chosen])];
    const shown = all ? values : values.slice(0, FIRST).concat(values.slice(FIRST).filter((value) => chosen.has(value)));
    list.replaceChildren(
      ...shown.map((value) => {
        const many = counts.get(value) || 0, label = labelOf(value, field);
        const input = el("input", { type: "checkbox", checked: chosen.has(value) });
        input.addEventListener("change", () => {
          const values = (filter(field.name).values ||= new Set());
          if (input.checked) values.add(value);
          else values.delete(value);
          changed();
        });
        const code = typeof value === "string" && label !== value ? el("span", { class: "code" }, value) : null;
        return el("li", {}, el("label", { class: many ? "" : "none" }, input, el("span", { class: "facet-label", dir: "auto", title: String(value ?? "") }, label, " ", code), el("span", { class: "facet-count" }, count(many))));
      }),
    );
    if (shown.length < values.length)
      list.append(el("li", {}, el("button", { type: "button", class: "plain", onclick: () => ((all = true), draw()) }, say("explorer.more", { some: count(values.length - shown.length) }))));
  }

  async function refresh(/** @type {boolean} */ filtered) {
    if (!box.open) return;
    counts = filtered || !whole ? await tally(field.name) : known;
    if (!whole) for (const value of counts.keys()) known.set(value, 0);
    draw();
  }
  draw();
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
  /** @type {HTMLInputElement[]} */
  const inputs = [];
  const input = (/** @type {"text" | "low" | "high"} */ part, /** @type {Record<string, string>} */ attributes) => {
    const box = el("input", attributes);
    box.addEventListener("input", () => {
      filter(field.name)[part] = box.value.trim() || undefined;
      typed();
    });
    inputs.push(box);
    box.part_ = part;
    return el("label", {}, el("span", { class: "label" }, say(`explorer.${part === "text" ? "contains" : part === "low" ? "from" : "to"}`)), box);
  };
  /** @type {Record<string, string>} */
  const kind = field.kind === "number" ? { type: "text", inputmode: "decimal", pattern: "-?[0-9]+([.][0-9]+)?" } : { type: "date" };
  const boxes = field.kind === "text" ? [input("text", { type: "search" })] : [input("low", kind), input("high", kind)];
  const missing = el("select", {}, ...["any", "there", "missing"].map((name) => el("option", { value: name }, say(`explorer.cells-${name}`))));
  missing.addEventListener("change", () => {
    filter(field.name).missing = missing.value === "any" ? undefined : missing.value === "missing";
    changed();
  });
  const box = el("details", { class: "facet", "data-field": field.name }, el("summary", { dir: "auto" }, field.title), ...boxes, el("label", {}, el("span", { class: "label" }, say("explorer.cells")), missing));
  /** Puts into the boxes what the filter says, which another may have changed. */
  function refresh() {
    const now = filter(field.name);
    for (const one of inputs) if (document.activeElement !== one) one.value = now[/** @type {"text"} */ ((/** @type {any} */ (one)).part_)] || "";
    missing.value = now.missing === undefined ? "any" : now.missing ? "missing" : "there";
    if (Object.values(now).some((value) => value !== undefined)) box.open = true;
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
  const lists = fields.flatMap((field) => {
    const [whole, first] = counted.get(field.name) || [];
    return first ? [facet(field, Boolean(whole), first, filter, changed, tally)] : [];
  });
  const others = fields.filter((field) => !counted.has(field.name)).map((field) => control(field, filter, changed, typed));
  const wide = matchMedia("(min-width: 60rem)").matches;
  lists.filter(({ whole }) => whole).slice(0, wide ? OPEN : 0).forEach(({ box }) => (box.open = true));
  let filtered = false;
  for (const { box, refresh } of lists) box.addEventListener("toggle", () => refresh(filtered));
  return {
    open: () => lists.filter(({ box }) => box.open).map(({ box }) => box.dataset.field),
    boxes: [...lists, ...others].map(({ box }) => box),
    /** @param {boolean} now whether anything is filtered */
    refresh: async (now) => {
      filtered = now;
      for (const { refresh } of others) refresh();
      for (const { refresh } of lists) await refresh(now);
    },
  };
}
