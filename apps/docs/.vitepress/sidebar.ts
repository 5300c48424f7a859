import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DefaultTheme } from "vitepress";

export const guideSidebar: DefaultTheme.SidebarItem[] = [
  {
    text: "Begin",
    items: [
      { text: "What it is", link: "/guide/what-it-is" },
      { text: "Quickstart", link: "/guide/quickstart" },
      { text: "The guide, one program", link: "/guide/guide" },
    ],
  },
  {
    text: "Live demos",
    items: [
      { text: "All of them", link: "/demos/" },
      { text: "Maze planner", link: "/demos/maze" },
      { text: "Matrix playground", link: "/demos/matrix" },
      { text: "Train in your tab", link: "/demos/train" },
    ],
  },
  {
    text: "Use",
    items: [
      { text: "Choosing a backend", link: "/guide/backends" },
      { text: "Training on your data", link: "/guide/training" },
      { text: "Sampling and memory", link: "/guide/sampling" },
      { text: "Guidance", link: "/guide/guidance" },
      { text: "Processes and solvers", link: "/guide/processes" },
      { text: "Export and interop", link: "/guide/export" },
      { text: "Questions, troubles", link: "/guide/troubleshooting" },
    ],
  },
  {
    text: "Extend",
    items: [
      { text: "A new task", link: "/guide/new-task" },
      { text: "A new backend", link: "/guide/new-backend" },
      { text: "Architecture", link: "/guide/architecture" },
      { text: "Contributing", link: "/guide/contributing" },
    ],
  },
  {
    text: "Trust",
    items: [
      { text: "Figures", link: "/guide/figures" },
      { text: "Fidelity", link: "/guide/fidelity" },
      { text: "Parity of devices", link: "/guide/parity" },
      { text: "Changelog", link: "/guide/changelog" },
    ],
  },
];

/** What TypeDoc wrote beside its pages: a group for each package, an entry for each subpath. */
export function apiSidebar(): DefaultTheme.SidebarItem[] {
  const file = fileURLToPath(new URL("../pages/api/typedoc-sidebar.json", import.meta.url));
  if (!existsSync(file)) return [];
  const groups = JSON.parse(readFileSync(file, "utf8")) as { text: string; items: { text: string; link: string }[] }[];
  return groups.map(({ text, items }) => ({
    text,
    items: items
      .map((item) => (item.text === "index" ? { ...item, text } : { ...item, text: `/${item.text}` }))
      .sort((a, b) => Number(b.text === text) - Number(a.text === text)),
  }));
}
