// What changed between any two versions, from the changes of each version in between: first old value, last new value.

/** @typedef {{key: string, field?: string, kind: string, old?: string | null, new?: string | null, reason?: string, note?: string, source?: string, version: string}} Change */
/** @typedef {{table: string, changes: Change[]}} TableChanges */

/** @param {any} entry @param {string} version */
const explained = (entry, version) => ({ reason: entry.reason, note: entry.note, source: entry.source, version });

/**
 * @param {any[]} documents the `changes.json` of the versions after the old one up to the new one, oldest first
 * @returns {{tables: TableChanges[], declarations: any[]}}
 */
export function compose(documents) {
  /** @type {Map<string, {rows: Map<string, Change>, cells: Map<string, Map<string, Change>>, origin: Map<string, string>}>} */
  const tables = new Map();
  const declarations = [];
  for (const document of documents) {
    declarations.push(...document.schema.map((/** @type {any} */ one) => ({ ...one, key: one.subject, version: document.new })));
    for (const table of document.tables) {
      const known = tables.get(table.table) || { rows: new Map(), cells: new Map(), origin: new Map() };
      tables.set(table.table, known);
      follow(known, table, document.new);
    }
  }
  return { tables: [...tables].map(([name, known]) => listed(name, known)), declarations };
}

/**
 * One more version of a table. A row is known by the key that it had first.
 * @param {{rows: Map<string, Change>, cells: Map<string, Map<string, Change>>, origin: Map<string, string>}} known
 * @param {any} table
 * @param {string} version
 */
function follow({ rows, cells, origin }, table, version) {
  const first = (/** @type {string} */ key) => origin.get(key) ?? key;
  for (const entry of table.removed) {
    const key = first(entry.key), before = rows.get(key);
    cells.delete(key);
    origin.delete(entry.key);
    if (before?.kind === "added") rows.delete(key); // came and went in between
    else rows.set(key, { key, kind: "removed", ...explained(entry, version) });
  }
  for (const entry of table.rekeyed) {
    const key = first(entry.old), before = rows.get(key);
    origin.delete(entry.old);
    if (before?.kind === "added") {
      rows.delete(key);
      rows.set(entry.new, { ...before, key: entry.new });
      const moved = cells.get(key);
      cells.delete(key);
      if (moved) cells.set(entry.new, moved);
      continue;
    }
    origin.set(entry.new, key);
    rows.set(key, { key, kind: "rekeyed", old: key, new: entry.new, ...explained(entry, version) });
  }
  for (const key of table.added) {
    const before = rows.get(key);
    rows.set(key, { key, kind: before?.kind === "removed" ? "replaced" : "added", version });
  }
  for (const entry of table.changed) {
    const key = first(entry.key);
    if (["added", "replaced"].includes(rows.get(key)?.kind || "")) continue; // what a new row holds is no change
    const fields = cells.get(key) || new Map();
    cells.set(key, fields);
    const before = fields.get(entry.field);
    const kind = before?.kind === "value" ? "value" : entry.kind;
    fields.set(entry.field, { key, field: entry.field, kind, old: before ? before.old : entry.old, new: entry.new, ...explained(entry, version), reason: [before?.reason, entry.reason].filter(Boolean).join("; ") || undefined });
  }
}

/** @param {string} table @param {{rows: Map<string, Change>, cells: Map<string, Map<string, Change>>}} known */
function listed(table, { rows, cells }) {
  const there = [...rows.values()].filter((change) => change.kind !== "rekeyed" || change.old !== change.new);
  const changed = [...cells.values()].flatMap((fields) => [...fields.values()]).filter((change) => change.old !== change.new);
  const changes = [...there, ...changed].sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  return { table, changes };
}
