// Types a text into a field of a page and prints, as JSON, the ids of what is still shown, and what went wrong on the page.
// usage: NODE_PATH=FOLDER/node_modules node type.js CHROMIUM PAGE.html FIELD TEXT SHOWN
const { chromium } = require("playwright-core");
const { pathToFileURL } = require("node:url");

(async () => {
  const [executablePath, page, field, text, shown] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const tab = await browser.newPage();
  const errors = [];
  tab.on("pageerror", (error) => errors.push(String(error)));
  tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await tab.goto(pathToFileURL(page).href);
  await tab.fill(field, text);
  const ids = await tab.locator(shown).evaluateAll((all) => all.filter((one) => one.checkVisibility()).map((one) => one.id));
  await browser.close();
  console.log(JSON.stringify({ ids, errors }));
})();
