// What any page may have: copy buttons, light or dark, a box that filters a static list.

import { copyButton, count, el, later, say } from "./dom.js";

/** A button that names an element gives its text to the clipboard. @param {HTMLElement} button */
export function copying(button) {
  const named = document.getElementById((button.dataset.copy || "").replace(/^#/, ""));
  if (!named) return;
  const ready = copyButton(() => (named instanceof HTMLInputElement || named instanceof HTMLTextAreaElement ? named.value : named.textContent || ""), button.textContent?.trim() || say("explorer.copy"));
  for (const { name, value } of button.attributes) if (!["hidden", "data-copy"].includes(name)) ready.setAttribute(name, value);
  button.replaceWith(ready);
}

const THEME = "deedbook-theme";
/** @returns {string | null} */
function keptTheme() {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null; // a browser that keeps nothing
  }
}

/** Uses the colours that somebody chose before. */
export function restoreTheme() {
  const kept = keptTheme();
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
}

/** @param {HTMLElement} button */
export function theming(button) {
  const html = document.documentElement;
  const isDark = () => (html.dataset.theme ? html.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    html.dataset.theme = isDark() ? "light" : "dark";
    show();
    try {
      localStorage.setItem(THEME, html.dataset.theme);
    } catch {
      // the choice then lasts as long as the page
    }
  });
}

/**
 * A filter box over a static list or table: either the box itself, which names the list, or the list, which gets a box.
 * @param {HTMLElement} place
 */
export function filtering(place) {
  const given = place instanceof HTMLInputElement;
  const list = given ? document.getElementById((place.dataset.filter || "").replace(/^#/, "")) : place;
  if (!list) return;
  const box = given ? place : el("input", { type: "search", autocomplete: "off" });
  const found = el("span", { class: "soft", role: "status" });
  if (given) {
    box.hidden = false;
    box.after(found);
    box.closest("[hidden]")?.removeAttribute("hidden");
  } else list.before(el("p", { class: "filter" }, el("label", {}, el("span", { class: "label" }, say("explorer.filter-list")), " ", box), " ", found));
  const marked = list.querySelectorAll("[data-item]");
  const items = /** @type {HTMLElement[]} */ ([...(marked.length ? marked : list.querySelectorAll("tbody tr, :scope > li, :scope > section, :scope > details"))]);
  const texts = items.map((item) => (item.textContent || "").toLowerCase());
  const apply = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let many = 0;
    items.forEach((item, at) => {
      item.hidden = !words.every((/** @type {string} */ word) => texts[at].includes(word));
      many += Number(!item.hidden);
    });
    found.textContent = words.length ? say("explorer.found", { some: count(many), all: count(items.length) }) : "";
  };
  box.addEventListener("input", later(apply, 80));
  if (box.value) apply(); // the browser kept it
}
