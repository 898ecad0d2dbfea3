// Prints, as JSON, what axe finds wrong in pages at two widths, light and dark, and which of them are wider than the window.
// usage: NODE_PATH=FOLDER/node_modules node axe.js CHROMIUM [--once] PAGE.html...    --once: wide and light alone
const { chromium } = require("playwright-core");
const axe = require("axe-core");
const { pathToFileURL } = require("node:url");

(async () => {
  const [executablePath, ...rest] = process.argv.slice(2);
  const isOnce = rest[0] === "--once";
  const pages = rest.slice(isOnce ? 1 : 0);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const found = [];
  for (const page of pages)
    for (const width of isOnce ? [1440] : [360, 1440])
      for (const colorScheme of isOnce ? ["light"] : ["light", "dark"]) {
        // the pages forbid other scripts by their content security policy, and axe is one
        const tab = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
        await tab.goto(pathToFileURL(page).href);
        await tab.addScriptTag({ content: axe.source });
        const { violations } = await tab.evaluate(() => window.axe.run({ preload: false }));
        for (const { id, nodes } of violations) found.push({ page, width, colorScheme, id, at: nodes.map((node) => node.target[0]) });
        const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
        if (wide > width) found.push({ page, width, colorScheme, id: "wider-than-the-window", at: [`${wide} px`] });
        await tab.close();
      }
  await browser.close();
  console.log(JSON.stringify(found));
})();
