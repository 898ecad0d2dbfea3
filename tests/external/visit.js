// A browser that answers: reads a line of JSON for each page to visit and prints one with what it found there.
// usage: NODE_PATH=FOLDER/node_modules node visit.js CHROMIUM
// asked: {url, width, scheme, script, host, steps: [[name, ...arguments], ...]}    host: what requests may start with, apart from data: and blob:
// told: {values, errors, strangers, requests, failed}    values: what the steps that ask for something found
const { chromium } = require("playwright-core");
const axe = require("axe-core");
const thin = require("./thin.js");
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");

const SECONDS = 20_000;

/** What a step does on a page; what it returns, if anything, is told. */
const STEPS = {
  go: async (tab, url) => void (await tab.goto(url)),
  click: async (tab, selector) => void (await tab.locator(selector).first().click()),
  fill: async (tab, selector, text) => void (await tab.locator(selector).first().fill(text)),
  select: async (tab, selector, value) => void (await tab.locator(selector).first().selectOption(value)),
  press: async (tab, ...keys) => {
    for (const key of keys) await tab.keyboard.press(key);
  },
  type: async (tab, text) => void (await tab.keyboard.type(text)),
  wait: async (tab, selector) => void (await tab.locator(selector).first().waitFor({ state: "attached" })),
  // asked again from outside: in the page, the policy lets nobody evaluate a text
  until: async (tab, script) => {
    const end = Date.now() + SECONDS;
    while (!(await tab.evaluate(script).catch(() => false))) {
      if (Date.now() > end) throw new Error("never");
      await tab.waitForTimeout(30);
    }
  },
  text: (tab, selector) => tab.locator(selector).first().innerText(),
  texts: (tab, selector) => tab.locator(selector).allInnerTexts(),
  count: (tab, selector) => tab.locator(selector).count(),
  attribute: (tab, selector, name) => tab.locator(selector).first().getAttribute(name),
  ask: (tab, script) => tab.evaluate(script),
  clipboard: (tab) => tab.evaluate(() => navigator.clipboard.readText()),
  download: async (tab, selector) => {
    const [file] = await Promise.all([tab.waitForEvent("download"), tab.locator(selector).first().click()]);
    return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
  },
  // the whole page without its colours, then the colours of both schemes where two are left of what is alike: the last step of a visit
  // the policy of a page holds for its own scripts, not for what a debugger runs
  axe: async (tab) => {
    await tab.evaluate(axe.source);
    const found = [];
    const look = async (colorScheme, rules) => {
      await tab.emulateMedia({ colorScheme });
      const { violations } = await tab.evaluate((given) => window.axe.run(given), { preload: false, resultTypes: ["violations"], ...rules });
      for (const { id, nodes } of violations) found.push(`${id} (${colorScheme}): ${nodes.slice(0, 3).map((node) => node.target[0]).join(", ")}`);
    };
    await look("light", { rules: { "color-contrast": { enabled: false } } });
    const [wide, width] = await tab.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    if (wide > width) found.push(`wider than the window: ${wide} of ${width} px`);
    await tab.evaluate(thin);
    for (const colorScheme of ["light", "dark"]) await look(colorScheme, { runOnly: ["color-contrast"] });
    return found;
  },
};

async function visit(browser, { url, width, scheme, script, host, steps }) {
  const told = { values: [], errors: [], strangers: [], requests: [], failed: "" };
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme, javaScriptEnabled: script, permissions: ["clipboard-read", "clipboard-write"] });
  context.setDefaultTimeout(SECONDS);
  const tab = await context.newPage();
  tab.on("console", (message) => message.type() === "error" && told.errors.push(message.text()));
  tab.on("pageerror", (error) => told.errors.push(String(error)));
  tab.on("dialog", (dialog) => {
    told.errors.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  tab.on("request", (request) => {
    const asked = request.url();
    if (/^(data|blob):/.test(asked)) return;
    told.requests.push(asked);
    if (!asked.startsWith(host)) told.strangers.push(asked);
  });
  let doing = "go";
  try {
    await tab.goto(url);
    for (const [name, ...given] of steps) {
      doing = `${name} ${given.join(" ")}`;
      const found = await STEPS[name](tab, ...given);
      if (found !== undefined) told.values.push(found);
    }
  } catch (error) {
    told.failed = `${doing}: ${error}`;
  }
  await context.close();
  return told;
}

(async () => {
  const browser = await chromium.launch({ executablePath: process.argv[2], args: ["--no-sandbox", "--disable-gpu"] });
  for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await visit(browser, JSON.parse(line))));
  await browser.close();
})();
