/**
 * Writes the API reference: one page of Markdown for each subpath that the packages export, from the docstrings of their
 * sources. The pages are not kept; `docs` and `docs:build` write them anew.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Application, Converter, type DeclarationReflection } from "typedoc";
import { repositoryFolder as repository, repositoryUrl } from "./repository.js";

const site = join(repository, "apps/docs");

interface Entry {
  /** "core/sampling" */
  readonly name: string;
  readonly source: string;
}

type Target = { readonly source?: string; readonly browser?: Target } | string;

/** Every subpath of a package, its root included, with the file that it stands for. */
function entriesOf(name: string): Entry[] {
  const folder = join(repository, "packages", name);
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: Record<string, Target>;
  };
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (typeof target === "string" || target.source === undefined) return [];
    return [{ name: join(name, subpath === "." ? "index" : subpath), source: join(folder, target.source) }];
  });
}

/** Writes pages/api. @throws Error if TypeDoc cannot read the packages */
export async function writeApi(): Promise<void> {
  const entries = ["core", "backend-onnx", "backend-tfjs", "tasks"].flatMap(entriesOf);

  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown", "typedoc-vitepress-theme"],
    entryPoints: entries.map(({ source }) => source),
    tsconfig: join(site, "tsconfig.api.json"),
    skipErrorChecking: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    readme: "none",
    out: join(site, "pages/api"),
    cleanOutputDir: true,
    logLevel: "Error",
    sort: ["source-order"],
    sourceLinkTemplate: `${repositoryUrl}/blob/main/{path}#L{line}`,
    disableGit: true,
    basePath: repository,
    displayBasePath: repository,
    // Options of the Markdown plugin.
    ...({
      router: "module",
      docsRoot: join(site, "pages"),
      hidePageHeader: true,
      hideBreadcrumbs: true,
      useCodeBlocks: true,
      expandObjects: true,
      parametersFormat: "table",
      interfacePropertiesFormat: "table",
      typeAliasPropertiesFormat: "table",
      enumMembersFormat: "table",
    } as Record<string, unknown>),
  });

  /** Modules are called as they are imported. */
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context: { project: { children?: DeclarationReflection[] } }) => {
    for (const module of context.project.children ?? []) {
      const file = module.sources?.[0]?.fullFileName;
      const entry = entries.find(({ source }) => source === file);
      if (entry !== undefined) module.name = entry.name;
    }
  });

  const project = await app.convert();
  if (project === undefined) throw new Error("TypeDoc could not read the packages.");
  await app.generateOutputs(project);
}
