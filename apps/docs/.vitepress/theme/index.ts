import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { type Component, defineAsyncComponent } from "vue";
import { registerServiceWorker } from "../../demos/shared/service-worker.js";
import "./style.js";

/** Each figure and demo is a chunk of its own, fetched by the pages that show it. */
const components: Readonly<Record<string, () => Promise<Component>>> = {
  MazeDemo: () => import("../../demos/maze/maze-demo.vue"),
};

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    for (const [name, load] of Object.entries(components)) app.component(name, defineAsyncComponent(load));
    if (!import.meta.env.SSR) registerServiceWorker();
  },
};

export default theme;
