import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { isolationHeaders } from "../../../tools/browser/serve.js";
import { bundledModels } from "../build/bundled-models.js";
import { followSources } from "../build/follow-sources.js";
import { repositoryUrl } from "../build/repository.js";
import { apiSidebar, guideSidebar } from "./sidebar.js";

/** Packages are read from their sources, so that the site needs no build of them. */
const conditions = ["source", "module", "browser", "development|production"];

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
    theme: { light: "github-light", dark: "github-dark" },
    config: (markdown) => followSources(markdown),
  },
  vite: {
    resolve: { conditions, alias: { "@site": fileURLToPath(new URL("..", import.meta.url)) } },
    worker: workers,
    plugins: [bundledModels()],
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
      { text: "Guide", link: "/guide/what-it-is", activeMatch: "^/guide/" },
      { text: "Demos", link: "/demos/", activeMatch: "^/demos/" },
      { text: "API", link: "/api/", activeMatch: "^/api/" },
      { text: "Architecture", link: "/guide/architecture" },
    ],
    sidebar: { "/guide/": guideSidebar, "/demos/": guideSidebar, "/api/": apiSidebar() },
    search: { provider: "local" },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: "github", link: repositoryUrl, ariaLabel: "The repository on GitHub" }],
    externalLinkIcon: false,
    docFooter: { prev: "Before", next: "Next" },
  },
});
