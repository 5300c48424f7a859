import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { isolationHeaders } from "../../../tools/browser/serve.js";
import { browserOnly } from "../build/browser-only.js";
import { bundledModels } from "../build/bundled-models.js";
import { followSources } from "../build/follow-sources.js";
import { repositoryUrl } from "../build/repository.js";
import { apiSidebar, guideSidebar } from "./sidebar.js";

/** Packages are read from their sources, so that the site needs no build of them. */
const conditions = ["source", "module", "browser", "development|production"];

/** Its own copy, so that nothing is fetched from elsewhere. */
const githubMark =
  '<svg viewBox="0 0 16 16" aria-hidden="true"><path fill="currentColor" d="M8 0a8 8 0 0 0-2.53 15.59c.4.07.55-.17.55-.38v-1.49c-2.23.48-2.7-.95-2.7-.95-.36-.92-.89-1.17-.89-1.17-.73-.5.05-.49.05-.49.81.06 1.23.83 1.23.83.72 1.23 1.88.87 2.34.67.07-.52.28-.88.5-1.08-1.77-.2-3.64-.89-3.64-3.95 0-.87.31-1.59.82-2.15-.08-.2-.36-1.01.08-2.11 0 0 .67-.21 2.2.82a7.6 7.6 0 0 1 4 0c1.53-1.03 2.2-.82 2.2-.82.44 1.1.16 1.91.08 2.11.51.56.82 1.28.82 2.15 0 3.07-1.87 3.75-3.65 3.95.29.25.54.73.54 1.48v2.19c0 .21.15.46.55.38A8 8 0 0 0 8 0"/></svg>';

const workers = {
  format: "es" as const,
  rollupOptions: { output: { entryFileNames: "assets/[name].[hash].js", chunkFileNames: "assets/[name].[hash].js" } },
};

export default defineConfig({
  srcDir: "pages",
  outDir: "dist",
  lang: "en",
  title: "Diffusion Forcing",
  titleTemplate: ":title | Diffusion Forcing",
  description:
    "Sequence diffusion models in which every token has its own noise level, in TypeScript, in Node and in the browser.",
  head: [["meta", { name: "theme-color", content: "#6852be" }]],
  lastUpdated: false,
  transformHead: ({ siteData }) => [["link", { rel: "icon", type: "image/svg+xml", href: `${siteData.base}icon.svg` }]],
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (markdown) => followSources(markdown),
  },
  vue: {
    template: {
      compilerOptions: { isCustomElement: (tag) => /^m(ath|i|o|n|text|space|row|sub|sup|subsup)$/.test(tag) },
    },
  },
  vite: {
    resolve: { conditions, alias: { "@site": fileURLToPath(new URL("..", import.meta.url)) } },
    worker: workers,
    plugins: [browserOnly(), bundledModels()],
    server: { headers: { ...isolationHeaders } },
    preview: { headers: { ...isolationHeaders } },
    // ONNX Runtime finds its .wasm files beside its own module, so that must stay where it is.
    optimizeDeps: { exclude: ["onnxruntime-web"] },
    build: { target: "es2022", chunkSizeWarningLimit: 2000 },
  },
  themeConfig: {
    siteTitle: "Diffusion Forcing",
    logo: { src: "/icon.svg", alt: "" },
    nav: [
      { text: "Guide", link: "/guide/what-it-is", activeMatch: "^/(guide|docs)/" },
      { text: "Demos", link: "/demos/", activeMatch: "^/demos/" },
      { text: "API", link: "/api/", activeMatch: "^/api/" },
      { text: "Architecture", link: "/docs/architecture" },
    ],
    sidebar: { "/guide/": guideSidebar, "/docs/": guideSidebar, "/demos/": guideSidebar, "/api/": apiSidebar() },
    search: { provider: "local" },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: { svg: githubMark }, link: repositoryUrl, ariaLabel: "The repository on GitHub" }],
    externalLinkIcon: false,
    docFooter: { prev: "Before", next: "Next" },
  },
});
