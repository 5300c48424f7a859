import { type Browser, chromium, type Page } from "playwright";
import { chromiumArguments, findChromium } from "../test-devices/chromium.js";

/** Starts the Chromium that the tests use. @throws Error if there is none */
export async function launchChromium(...more: readonly string[]): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error("There is no Chromium; `npx playwright install chromium` gets one.");
  return await chromium.launch({ executablePath, args: [...chromiumArguments, ...more] });
}

export interface VisitOptions {
  /** Milliseconds until the page has to have reported. Default 120,000. */
  readonly timeout?: number;
  /** Called with every line that the page prints. */
  readonly onLine?: (line: string) => void;
  /** Called once the page is open. */
  readonly onPage?: (page: Page) => void | Promise<void>;
}

/**
 * Opens a page and returns what it reports with `report(value)` of `apps/report.ts`.
 *
 * @throws Error if the page reports an error, throws one, breaks its content security policy or stays silent.
 */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<unknown> {
  const { timeout = 120_000, onLine, onPage } = options;
  const context = await browser.newContext();
  const page = await context.newPage();
  const printed: string[] = [];
  try {
    return await new Promise<unknown>((resolve, reject) => {
      const fail = (message: string): void => reject(new Error([`${url}: ${message}`, ...printed].join("\n  ")));
      const timer = setTimeout(() => fail(`the page reported nothing within ${timeout / 1000} s.`), timeout);
      timer.unref();
      page.on("pageerror", (error) => fail(error.stack ?? error.message));
      page.on("crash", () => fail("the page crashed."));
      browser.on("disconnected", () => fail("the browser ended."));
      page.on("console", (message) => {
        printed.push(`${message.type()}: ${message.text()}`);
        onLine?.(message.text());
        if (/Content Security Policy/.test(message.text())) fail("the page broke its content security policy.");
      });
      const open = async (): Promise<void> => {
        await page.exposeFunction("reportValue", resolve);
        await page.exposeFunction("reportError", fail);
        await onPage?.(page);
        await page.goto(url, { timeout });
      };
      open().catch(reject);
    });
  } finally {
    await context.close();
  }
}
