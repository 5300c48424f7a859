import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright";
import { isolationHeaders, type Server, serve } from "../../../tools/browser/serve.js";
import { launchChromium } from "../../../tools/browser/visit.js";

const dist = join(import.meta.dirname, "../dist");
/** Deep in some host's folders, as pages of projects are. */
const folder = "/some/folder/";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures of the tests go. */
const pictures = join(import.meta.dirname, "../../../out/docs");

/** No task of a page's main thread may be longer, in milliseconds. */
export const LONGEST_TASK = 200;

/** Until a demo has to have done what it was told, in milliseconds. */
const PATIENCE = 600_000;

/** The folder of a model that comes with the tasks. */
export const bundled = (name: string): string => join(import.meta.dirname, "../../../packages/tasks/models", name);

/** A message that a demo's worker sent to the page. */
export interface WorkerMessage {
  readonly event?: Readonly<Record<string, unknown>>;
  readonly response?: unknown;
}

interface SiteOptions {
  readonly isolated?: boolean;
  readonly compressed?: boolean;
  readonly browser?: Browser;
}

/** The built site, served, and a browser to visit it with. */
export class Site {
  readonly #server: Server;
  readonly #folder: string;
  readonly browser: Browser;

  private constructor(server: Server, folder: string, browser: Browser) {
    this.#server = server;
    this.#folder = folder;
    this.browser = browser;
  }

  /** `compressed`: as hosts send it; without, the server has less to do. */
  /** `DFORCE_DOCS` names a running `npm run docs`, to try what is being written: "http://localhost:5173/". */
  static async open({ isolated = true, compressed = false, browser }: SiteOptions = {}): Promise<Site> {
    const running = process.env.DFORCE_DOCS;
    if (running !== undefined) {
      return new Site({ origin: running, close: async () => {} }, "", browser ?? (await launchChromium()));
    }
    if (!existsSync(join(dist, "index.html"))) throw new Error("The site is not built: npm run docs:build.");
    const headers = isolated ? isolationHeaders : {};
    const server = await serve({ files: new Map(), folders: { [folder]: dist }, headers, compressed });
    return new Site(server, folder, browser ?? (await launchChromium()));
  }

  address(path: string): string {
    return `${this.#server.origin}${this.#folder}${path}`;
  }

  /** Opens a page in a browser without a past; an empty one if no path is given. */
  async visit(path?: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const visit = new Visit(this, context, await context.newPage());
    await visit.prepare();
    if (path !== undefined) await visit.go(path);
    return visit;
  }

  /** Visits a page, and leaves it whatever happens. */
  async visiting<T>(
    path: string | undefined,
    action: (visit: Visit) => Promise<T>,
    options: BrowserContextOptions = {},
  ): Promise<T> {
    const visit = await this.visit(path, options);
    try {
      return await action(visit);
    } finally {
      await visit.close();
    }
  }

  /** The host is gone; what the browser has kept stays. */
  async closeServer(): Promise<void> {
    await this.#server.close();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.#server.close().catch(() => {});
  }
}

/** A page of the site in a browser of its own, and what went wrong on it. */
export class Visit {
  readonly #site: Site;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of the page and of its console. */
  readonly errors: string[] = [];

  constructor(site: Site, context: BrowserContext, page: Page) {
    this.#site = site;
    this.context = context;
    this.page = page;
  }

  async prepare(): Promise<void> {
    this.page.on("pageerror", (error) => this.errors.push(error.stack ?? error.message));
    this.page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.errors.push(`${message.type()}: ${message.text()}`);
    });
    // What workers say is kept, so that tests see the numbers that are drawn.
    await this.page.addInitScript(() => {
      const kept: unknown[] = [];
      (globalThis as unknown as { workerMessages: unknown[] }).workerMessages = kept;
      const Original = globalThis.Worker;
      globalThis.Worker = class extends Original {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          this.addEventListener("message", ({ data }) => kept.push(data));
        }
      };
    });
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.#site.address(path), { waitUntil: "load" });
  }

  /** Starts the demo, and waits until its status holds the text. */
  async run(button: string, status: string | RegExp): Promise<void> {
    await this.page.getByRole("button", { name: button, exact: false }).first().click();
    await this.says(status);
  }

  /** Waits until the demo's status holds the text: a GPU in software on a busy machine takes minutes to start. */
  async says(status: string | RegExp): Promise<void> {
    await this.page.locator(".demo-status").filter({ hasText: status }).waitFor({ timeout: PATIENCE });
  }

  /** What the workers have said; typed arrays arrive as arrays. */
  async messages(): Promise<WorkerMessage[]> {
    return await this.page.evaluate(() =>
      JSON.parse(
        JSON.stringify((globalThis as unknown as { workerMessages: unknown[] }).workerMessages, (_key, value) =>
          ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value,
        ),
      ),
    );
  }

  /** What the workers have told on the way, of one kind. */
  async events(kind: string): Promise<Readonly<Record<string, unknown>>[]> {
    return (await this.messages()).flatMap(({ event }) => (event?.kind === kind ? [event] : []));
  }

  async device(): Promise<string | null> {
    return await this.page.locator(".demo").first().getAttribute("data-device");
  }

  /** Breaches of WCAG 2.2 A and AA, as lines. */
  async breaches(): Promise<string[]> {
    await this.page.evaluate(axe);
    return await this.page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { axe: checker } = globalThis as unknown as {
        axe: {
          run(root: Document, options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
        };
      };
      const { violations } = await checker.run(document, { runOnly: { type: "tag", values: tags } });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
    });
  }

  /** The page as it is seen, and the demo by itself, which README and docs show. */
  async picture(name: string): Promise<void> {
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: join(pictures, `${name}.png`) });
    await this.page
      .locator(".demo")
      .first()
      .screenshot({ path: join(pictures, `${name}-demo.png`) });
  }

  /**
   * The longest task of the page's main thread while something is done, in milliseconds of the processor: what others do
   * on the machine does not count.
   */
  async longestTask(action: () => Promise<void>): Promise<number> {
    const { browser } = this.#site;
    await browser.startTracing(this.page, { categories: ["toplevel", "__metadata"] });
    let trace: Buffer;
    try {
      await action();
    } finally {
      trace = await browser.stopTracing();
    }
    const { traceEvents } = JSON.parse(String(trace)) as { traceEvents: TraceEvent[] };
    const main = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
    const threads = new Set(main.map(({ pid, tid }) => `${pid}/${tid}`));
    const tasks = traceEvents.filter(({ tdur, pid, tid }) => tdur !== undefined && threads.has(`${pid}/${tid}`));
    if (tasks.length === 0) throw new Error("The trace holds no task of the page.");
    return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Time of the thread, in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}
