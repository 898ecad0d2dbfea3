// What any page may have: copy buttons, light or dark, a box that filters a static list.

import { copyButton, count, el, later, say } from "./dom.js";

/** A button that names an element copies the text of that. @param {HTMLElement} button */
export function copying(button) {
  const named = document.getElementById((button.dataset.copy || "").slice(1));
  if (named) button.replaceWith(copyButton(() => named.textContent || "", button.textContent?.trim()));
}

const THEME = "deedbook-theme";
const html = document.documentElement;

/** The colours that somebody chose; null without a choice, or in a browser that keeps nothing. @param {string} [choice] to keep from now on */
function theme(choice) {
  try {
    if (choice) localStorage.setItem(THEME, choice);
    return localStorage.getItem(THEME);
  } catch {
    return null;
  }
}

/** Uses the colours that somebody chose before. */
export function restoreTheme() {
  const kept = theme();
  if (kept) html.dataset.theme = kept;
}

/** @param {HTMLElement} button */
export function theming(button) {
  const isDark = () => (html.dataset.theme ? html.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    theme((html.dataset.theme = isDark() ? "light" : "dark"));
    show();
  });
}

/** A box that filters the list or table that it names. @param {HTMLInputElement} box */
export function filtering(box) {
  const list = document.getElementById((box.dataset.filter || "").slice(1));
  if (!list) return;
  const found = el("span", { class: "soft", role: "status" });
  box.hidden = false;
  box.closest("p")?.append(found);
  box.closest("[hidden]")?.removeAttribute("hidden");
  const marked = list.querySelectorAll("[data-item]");
  const items = /** @type {HTMLElement[]} */ ([...(marked.length ? marked : list.querySelectorAll("tbody tr, :scope > li, :scope > section, :scope > details"))]);
  const texts = items.map((item) => (item.textContent || "").toLowerCase());
  const apply = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    items.forEach((item, at) => (item.hidden = !words.every((word) => texts[at].includes(word))));
    found.textContent = words.length ? ` ${say("explorer.found", { some: count(items.filter((item) => !item.hidden).length), all: count(items.length) })}` : "";
  };
  box.addEventListener("input", later(apply, 80));
  if (box.value) apply(); // the browser kept it
}
