// Builds deedbook.js and LICENSES.txt beside this file from src/, the texts of messages.csv and the packages that package.json pins.
// usage: node build.js, where `npm install` ran and messages.csv lies; .ci/bundle.sh does both in a folder of its own and compares.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const inside = ["fzstd", "hyparquet", "minisearch"];
const about = inside.map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} brings no licence`);
  return { title: `${name} ${version} (${license})`, text: readFileSync(`${folder}/${file}`, "utf8").replaceAll("\r\n", "\n").trim() };
});

/** The rows of messages.csv that the bundle says; two quotes inside quotes are one. */
const messages = readFileSync("messages.csv", "utf8").split("\n").filter((line) => line.startsWith("explorer."))
  .map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare));

/** The library's parts for geometry and for a packing of floats, which no release has: each function of them says so if it is ever called. */
const leftOut = (/** @type {{path: string}} */ { path }) => {
  const names = readFileSync(path, "utf8").match(/(?<=^export function )\w+/gm) || [];
  return { contents: names.map((name) => `export function ${name}() { throw new Error("${name}"); }`).join("\n") };
};

await build({
  entryPoints: ["src/main.js"],
  outfile: "deedbook.js",
  bundle: true,
  minify: true,
  format: "iife", // modules do not run from file://
  target: "es2022",
  charset: "utf8",
  define: { MESSAGES: JSON.stringify(messages) },
  legalComments: "none",
  plugins: [{ name: "left out", setup: (made) => made.onLoad({ filter: /hyparquet\/src\/(alp|geoparquet|wkb)\.js$/ }, leftOut) }],
  banner: { js: `/*! deedbook's pages; holds ${about.map(({ title }) => title).join(", ")}; licences in LICENSES.txt */` },
});
writeFileSync("LICENSES.txt", `deedbook.js holds parts of these packages.\n\n${about.map(({ title, text }) => `${title}\n${"=".repeat(title.length)}\n\n${text}\n`).join("\n")}`);
