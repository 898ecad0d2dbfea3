// What a page has is found by attributes; without this script every page still reads.

import { comparing } from "./compare.js";
import { page } from "./dom.js";
import { explorer } from "./explorer.js";
import { searching } from "./search.js";
import { copying, filtering, restoreTheme, theming } from "./small.js";
import { story } from "./story.js";

restoreTheme();

/** @param {string} selector @param {(place: HTMLElement) => unknown} run */
const each = (selector, run) => document.querySelectorAll(selector).forEach((place) => run(/** @type {HTMLElement} */ (place)));
each("[data-theme-toggle]", theming);
each("[data-copy]", copying);
each("[data-filter]", (box) => filtering(/** @type {HTMLInputElement} */ (box)));
each("[data-search]", searching);
each("[data-compare]", comparing);
each("[data-story]", story);
if (page.parquet) each("[data-explorer]", explorer);
