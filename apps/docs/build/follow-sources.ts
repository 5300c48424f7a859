import { existsSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { MarkdownEnv, MarkdownRenderer } from "vitepress";
import { repositoryFolder, repositoryUrl } from "./repository.js";
import { repositoryPages } from "./repository-pages.js";

/** Files of the repository that are pages of this site; everything else is shown where the repository is. */
const pages = new Map([
  ["README.md", "/guide/quickstart"],
  ...repositoryPages().map(({ source, route }) => [source, route] as const),
]);

/**
 * Where a link of a file in the repository leads on the site.
 *
 * @param source the file, "docs/guide.md"
 * @param link as it stands there, relative to it
 */
export function followLink(source: string, link: string): string {
  if (/^([a-z]+:|#|\/)/i.test(link)) return link;
  const [path = "", anchor] = link.split("#");
  const target = posix.normalize(posix.join(posix.dirname(source), path)).replace(/\/$/, "");
  const hash = anchor === undefined ? "" : `#${anchor}`;
  const page = pages.get(target);
  if (page !== undefined) return `${page}${hash}`;
  const file = join(repositoryFolder, target);
  if (!existsSync(file)) {
    // A generated document may be older than what it names: said, and no reason to have no site.
    console.warn(`${source} links to ${link}, which is not there.`);
    return `${repositoryUrl}/blob/main/${target}${hash}`;
  }
  return `${repositoryUrl}/${statSync(file).isDirectory() ? "tree" : "blob"}/main/${target}${hash}`;
}

/**
 * Pages that include a file of the repository say so in their front matter, `source: docs/guide.md`: its links are
 * relative to that file.
 */
export function followSources(markdown: MarkdownRenderer): void {
  // Indented blocks may be wider than a phone: they scroll, and so can be reached by keys.
  markdown.renderer.rules.code_block = (tokens, index) =>
    `<pre v-pre tabindex="0"><code>${markdown.utils.escapeHtml(tokens[index]?.content ?? "")}</code></pre>\n`;
  markdown.core.ruler.push("follow-sources", (state) => {
    const { frontmatter, relativePath } = state.env as MarkdownEnv;
    const source = frontmatter?.source as string | undefined;
    if (source === undefined) return;
    // From the page, apps/docs/pages/docs/video.md, to the repository's root.
    const up = "../".repeat(relativePath.split("/").length + 2);
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      // A picture is bundled from where it lies.
      const src = token.type === "image" ? token.attrGet("src") : null;
      if (src !== null && !/^([a-z]+:|\/)/i.test(src)) {
        const target = posix.join(posix.dirname(source), src);
        const isThere = existsSync(join(repositoryFolder, target));
        if (!isThere) console.warn(`${source} shows ${src}, which is not there.`);
        token.attrSet("src", isThere ? `${up}${target}` : `${repositoryUrl}/raw/main/${target}`);
      }
      const href = token.type === "link_open" ? token.attrGet("href") : null;
      if (href !== null) token.attrSet("href", followLink(source, href));
    }
  });
}
