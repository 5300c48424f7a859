import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DefaultTheme } from "vitepress";
import { repositoryPages } from "../build/repository-pages.js";

const pages = repositoryPages();

/** Entries for documents of the repository, by the titles that they bear. */
function documents(...routes: readonly string[]): DefaultTheme.SidebarItem[] {
  return routes.map((route) => {
    const page = pages.find((candidate) => candidate.route === `/docs/${route}`);
    if (page === undefined) throw new Error(`There is no document for ${route}.`);
    return { text: page.title, link: page.route };
  });
}

const extending = ["architecture", "contributing"];
const trust = ["figures", "fidelity", "parity"];
const using = ["guide", "backends", "interop"];
/** What no other group names: a page a job, and a page a related method. */
const rest = pages.filter(({ route }) => ![...extending, ...trust, ...using].includes(route.slice("/docs/".length)));
const isRelated = ({ route }: { route: string }): boolean => route.startsWith("/docs/related/");
const items = (found: typeof pages) => found.map(({ title, route }) => ({ text: title, link: route }));

export const guideSidebar: DefaultTheme.SidebarItem[] = [
  {
    text: "Begin",
    items: [
      { text: "What it is", link: "/guide/what-it-is" },
      { text: "Quickstart", link: "/guide/quickstart" },
      { text: "Everything in one program", link: "/docs/guide" },
    ],
  },
  {
    text: "Live demos",
    items: [
      { text: "All of them", link: "/demos/" },
      { text: "Maze planner", link: "/demos/maze" },
      { text: "Matrix playground", link: "/demos/matrix" },
      { text: "Walk through a dream", link: "/demos/dream" },
      { text: "Forecast", link: "/demos/forecast" },
      { text: "Rewrite a chorale", link: "/demos/music" },
      { text: "Train in your tab", link: "/demos/train" },
    ],
  },
  {
    text: "Use",
    items: [
      { text: "Choosing a backend", link: "/docs/backends" },
      { text: "Training on your own data", link: "/guide/training" },
      { text: "Sampling, matrices, memory", link: "/guide/sampling" },
      { text: "Guidance", link: "/guide/guidance" },
      { text: "Processes and solvers", link: "/guide/processes" },
      { text: "Export", link: "/guide/export" },
      ...documents("interop"),
      { text: "Questions and troubles", link: "/guide/troubleshooting" },
    ],
  },
  { text: "Jobs", items: items(rest.filter((page) => !isRelated(page))) },
  { text: "Related methods", items: items(rest.filter(isRelated)) },
  {
    text: "Extend",
    items: [
      { text: "A new task", link: "/guide/new-task" },
      { text: "A new backend", link: "/guide/new-backend" },
      ...documents(...extending),
    ],
  },
  { text: "Trust", items: [...documents(...trust), { text: "Changelog", link: "/guide/changelog" }] },
].filter((group) => group.items.length > 0);

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
