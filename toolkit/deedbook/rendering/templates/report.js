
"use strict";
const form = document.getElementById("find");
const texts = new Map();
let groups; // made when something is looked for: a page of 10,000 findings opens without them

function read() {
  return [...document.querySelectorAll(".group")].map((group) => {
    const about = `${group.dataset.table} ${group.dataset.rule} ${group.dataset.column}`.toLowerCase();
    return { group, about, rows: [...group.querySelectorAll("tbody tr, .lines li")] };
  });
}

function textOf(row) {
  if (!texts.has(row)) texts.set(row, `${row.textContent} ${row.dataset.owner || ""}`.toLowerCase());
  return texts.get(row);
}

function show() {
  const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = ["severity", "table", "rule"].map((name) => [name, form.elements[name].value]);
  const owner = form.elements.owner ? form.elements.owner.value : "";
  let count = 0;
  groups ||= read();
  for (const { group, about, rows } of groups) {
    const fits = wanted.every(([name, value]) => !value || group.dataset[name] === value);
    const left = words.filter((word) => !about.includes(word));
    let here = 0;
    for (const row of fits ? rows : []) {
      const text = left.length ? textOf(row) : "";
      row.hidden = !left.every((word) => text.includes(word)) || (owner !== "" && row.dataset.owner !== owner);
      here += row.hidden ? 0 : 1;
    }
    const isAsked = left.length > 0 || owner !== "";
    group.hidden = !fits || (here === 0 && (rows.length > 0 || isAsked));
    for (const part of group.querySelectorAll(".scroll, details")) {
      part.hidden = !part.querySelector("tbody tr:not([hidden]), li:not([hidden])");
      if (part.matches("details")) part.open = isAsked;
    }
    count += group.hidden ? 0 : here;
  }
  for (const table of document.querySelectorAll("[data-of-table]")) {
    table.hidden = !table.querySelector(".group:not([hidden])");
  }
  form.elements.count.value = `${count.toLocaleString("en")} of the findings that this page shows`;
}

let waits = 0;
form.addEventListener("input", () => {
  clearTimeout(waits);
  waits = setTimeout(show, 120);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(show, 0));
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
form.hidden = false;
if (form.elements.words.value) show(); // what a browser kept of a search when the page is loaded again
