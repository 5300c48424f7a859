import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { repositoryFolder } from "./repository.js";

/** A document of the repository that is a page of this site too. */
export interface RepositoryPage {
  /** In the repository, "docs/guide.md". */
  readonly source: string;
  /** On the site, "/docs/guide". */
  readonly route: string;
  /** Its first heading. */
  readonly title: string;
}

function titleOf(source: string): string {
  const text = readFileSync(join(repositoryFolder, source), "utf8");
  return /^# (.+)$/m.exec(text)?.[1] ?? basename(source, ".md");
}

function page(source: string, route: string): RepositoryPage {
  return { source, route, title: titleOf(source) };
}

/** All of them: what stands in docs/, and the two that stand at the repository's root. */
export function repositoryPages(): RepositoryPage[] {
  const documents = readdirSync(join(repositoryFolder, "docs"), { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".md"))
    .sort();
  return [
    page("ARCHITECTURE.md", "/docs/architecture"),
    page("CONTRIBUTING.md", "/docs/contributing"),
    ...documents.map((name) => page(posix.join("docs", name), `/docs/${name.slice(0, -".md".length)}`)),
  ];
}

/** Writes pages/docs: each page includes its document, which stays the only copy. */
export function writeRepositoryPages(site: string): void {
  rmSync(join(site, "pages/docs"), { recursive: true, force: true });
  for (const { source, route } of repositoryPages()) {
    const file = join(site, "pages", `${route.slice(1)}.md`);
    mkdirSync(dirname(file), { recursive: true });
    const up = "../".repeat(route.split("/").length + 1);
    writeFileSync(file, `---\nsource: ${source}\n---\n\n<!--@include: ${up}${source}-->\n`);
  }
}
