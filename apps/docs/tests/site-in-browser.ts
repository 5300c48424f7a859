import { afterAll, beforeAll } from "vitest";
import { Site } from "./visitor.js";

/** The site for a file's tests: opened before them, closed after them. */
export function siteInBrowser(): () => Site {
  let site: Site | undefined;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());
  return () => site as Site;
}
