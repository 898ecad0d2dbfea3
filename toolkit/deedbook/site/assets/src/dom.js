// Elements, the page's data, interface text and small formats. Whatever comes from data becomes a text node, never markup.

/** @typedef {string | number | Node | null | undefined} Child */

/** The JSON that Python put into the page; every page has at most one. */
export const page = JSON.parse(document.getElementById("page")?.textContent || "{}");
export const language = document.documentElement.lang || "en";
/** The relative way to the folder of the site. */
export const root = document.documentElement.dataset.root || "";

// @ts-ignore build.js puts in what messages.csv says
const messages = new Map(MESSAGES.map(([key, en, de]) => [key, language === "de" ? de : en]));

/**
 * The text of the interface for a key, with `{name}` replaced.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export const say = (key, values = {}) =>
  String(messages.get(key) ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

/** A count as people read it; loading the platform's own formats would take longer than all else here. @param {number} value @param {string} [lang] */
export const count = (value, lang = language) => String(value).replace(/\B(?=(\d{3})+$)/g, lang === "de" ? "." : ",");

/**
 * An element. Attributes that begin with `on` are listeners; false and null leave an attribute out.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...Child} children
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  element.append(...children.filter((child) => child !== null && child !== undefined).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** A link where the address is http or https, else its text. @param {string} text */
export const linked = (text) =>
  /^https?:\/\/[^\s]+$/i.test(text) ? el("a", { href: text, rel: "noopener noreferrer nofollow" }, text) : document.createTextNode(text);

/**
 * The same function, run once when calls stop coming.
 * @param {() => void} run
 * @param {number} wait milliseconds
 */
export function later(run, wait) {
  let timer = 0;
  return () => (clearTimeout(timer), (timer = window.setTimeout(run, wait)));
}

/** What scripts of data gave, by name. @type {Map<string, string>} */
const given = new Map();
/** Scripts of data call `deedbook.take({name, text})`: a classic script is all that a page opened from a file may read. */
/** @type {any} */ (self).deedbook = { take: (/** @type {{name: string, text: string}} */ { name, text }) => given.set(name, text) };

/**
 * The text that a script of data gives.
 * @param {string} name
 * @param {string} script its address below the folder of the site
 * @returns {Promise<string>}
 */
export async function taken(name, script) {
  if (!given.has(name))
    await new Promise((resolve, reject) => document.head.append(el("script", { src: root + script, onload: resolve, onerror: () => reject(new Error(script)) })));
  return given.get(name) || "";
}

/** Puts a text into the clipboard, also where the page has no right to `navigator.clipboard`. @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "unseen", readonly: true }, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** A button that copies what the function gives and says so. @param {() => string} text @param {string} [label] */
export function copyButton(text, label = say("explorer.copy")) {
  const button = el("button", { type: "button", class: "copy" }, label);
  button.addEventListener("click", async () => {
    await copy(text());
    button.textContent = say("explorer.copied");
    setTimeout(() => (button.textContent = label), 1500);
  });
  return button;
}
