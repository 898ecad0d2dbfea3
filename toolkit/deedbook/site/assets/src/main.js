// What a page has is found by attributes; without this script every page still reads.

import { comparing } from "./compare.js";
import { page } from "./dom.js";
import { explorer } from "./explorer.js";
import { searching } from "./search.js";
import { copying, filtering, restoreTheme, theming } from "./small.js";
import { story } from "./story.js";

restoreTheme();

/** @type {[string, (place: any) => unknown][]} */
const parts = [["theme-toggle", theming], ["copy", copying], ["filter", filtering], ["search", searching], ["compare", comparing], ["story", story], ["explorer", explorer]];
for (const [name, run] of parts) document.querySelectorAll(`[data-${name}]`).forEach(run);
