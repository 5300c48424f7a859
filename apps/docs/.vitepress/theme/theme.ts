import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { type Component, defineAsyncComponent, defineComponent, h, onMounted, ref } from "vue";
import { registerServiceWorker } from "../../demos/shared/service-worker";
import "./style.css";
import "./demos.css";

import HomeDemo from "../../demos/home/home-demo.vue";

/** Each figure and demo is a chunk of its own, fetched by the pages that show it, in the browser only. */
const components: Readonly<Record<string, () => Promise<Component>>> = {
  DreamDemo: () => import("../../demos/dream/dream-demo.vue"),
  ForecastDemo: () => import("../../demos/forecast/forecast-demo.vue"),
  LevelsFigure: () => import("../../demos/figures/levels-figure.vue"),
  MusicDemo: () => import("../../demos/music/music-demo.vue"),
  OrdersFigure: () => import("../../demos/figures/orders-figure.vue"),
  MatrixDemo: () => import("../../demos/matrix/matrix-demo.vue"),
  MazeDemo: () => import("../../demos/maze/maze-demo.vue"),
  TrainDemo: () => import("../../demos/train/train-demo.vue"),
};

function inBrowser(load: () => Promise<Component>): Component {
  const component = defineAsyncComponent(load);
  return defineComponent({
    setup() {
      const mounted = ref(false);
      onMounted(() => {
        mounted.value = true;
      });
      return () => (mounted.value ? h(component) : h("div", { class: "demo-placeholder" }));
    },
  });
}

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("HomeDemo", HomeDemo);
    for (const [name, load] of Object.entries(components)) app.component(name, inBrowser(load));
    if (!import.meta.env.SSR) registerServiceWorker();
  },
};

export default theme;
