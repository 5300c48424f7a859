import type { Plugin } from "vitepress";

/** Demos and figures, but not the landing page's, which is a picture until somebody starts it. */
const component = /\/demos\/(?!home\/).*-(?:demo|figure)\.vue$/;

/**
 * Leaves the demos out of the bundle that writes the pages: they are shown in the browser only, and each of their workers
 * would be bundled a second time.
 */
export function browserOnly(): Plugin {
  return {
    name: "browser-only",
    enforce: "pre",
    load(id, options) {
      return options?.ssr && component.test(id) ? "<template><div /></template>" : undefined;
    },
  };
}
