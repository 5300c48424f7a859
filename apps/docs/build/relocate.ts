import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "acorn";
import MagicString from "magic-string";

/** What the site is built for; afterwards every address that begins with it is made relative to the file it stands in. */
export const placeholder = "/__site_base__/";

/** "../" as often as the file lies deep: from it to the folder's root. */
function upFrom(path: string): string {
  return "../".repeat(path.split("/").length - 1) || "./";
}

type Node = { type: string; start: number; end: number; value?: unknown } & Record<string, unknown>;

function* walk(node: Node): Iterable<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof (child as Node | null)?.type === "string") yield* walk(child as Node);
    }
  }
}

const quoted = (text: string): string =>
  text
    .split(placeholder)
    .map((part) => JSON.stringify(part))
    .join("+__siteBase+");

/** A module's strings are joined, when it runs, with the path of the folder that its own address is in. */
export function relocateScript(code: string, path: string): string {
  if (!code.includes(placeholder)) return code;
  const edited = new MagicString(code);
  for (const node of walk(parse(code, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Node)) {
    if (node.type === "Literal" && typeof node.value === "string" && node.value.includes(placeholder)) {
      edited.overwrite(node.start, node.end, `(${quoted(node.value)})`);
    } else if (node.type === "TemplateElement") {
      const text = code.slice(node.start, node.end);
      if (text.includes(placeholder)) {
        edited.overwrite(
          node.start,
          node.end,
          text.replaceAll(placeholder, () => "$" + "{__siteBase}"),
        );
      }
    }
  }
  edited.prepend(`const __siteBase=new URL(${JSON.stringify(upFrom(path))},import.meta.url).pathname;`);
  return edited.toString();
}

export function relocateStyle(code: string, path: string): string {
  return code.replaceAll(placeholder, upFrom(path));
}

/**
 * A page's addresses become relative, and its data say where the folder is. Vue leaves the attributes of a page that it
 * takes over as they are, and relative ones would go wrong at the first change of page: so they are made absolute before.
 */
export function relocatePage(html: string, path: string): string {
  const up = upFrom(path);
  const absolute =
    `<script>for(const e of document.querySelectorAll("a[href],link[rel=icon],img[src]")){const n=e.href===undefined?"src":"href",` +
    `v=e.getAttribute(n);if(/^\\.\\.?\\//.test(v)){const u=new URL(v,location.href);e.setAttribute(n,u.pathname+u.search+u.hash)}}</script>`;
  const base = `<script>window.__VP_SITE_DATA__.base=new URL(${JSON.stringify(up)},location.href).pathname</script>`;
  return html
    .replace(
      /<script>(?:(?!<\/script>)[\s\S])*__VP_SITE_DATA__=(?:(?!<\/script>)[\s\S])*<\/script>/,
      (data) => data + base,
    )
    .replace("</body>", `${absolute}</body>`)
    .replaceAll(placeholder, up);
}

/** Makes a built site work from whichever folder it is served. */
export function relocateSite(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = name.replaceAll("\\", "/");
    const relocate = /\.m?js$/.test(path)
      ? relocateScript
      : path.endsWith(".css")
        ? relocateStyle
        : path.endsWith(".html")
          ? relocatePage
          : undefined;
    if (relocate === undefined) continue;
    const file = join(folder, name);
    const before = readFileSync(file, "utf8");
    const after = relocate(before, path);
    if (after !== before) writeFileSync(file, after);
  }
}
