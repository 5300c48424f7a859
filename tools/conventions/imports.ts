import { cruise, type ICruiseResult, type IForbiddenRuleType } from "dependency-cruiser";
import { type KnownBreach, knownBreaches } from "./known-breaches.js";
import { type Rooms, roomsOf } from "./rooms.js";

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
/** A room is a folder or a file. */
const pathOf = (source: string, room: string): string =>
  `^${escaped(source)}/${escaped(room)}${room.endsWith(".ts") ? "$" : "/"}`;

/** Tests and what only they use look at everything; what is published keeps to its rooms. */
const unpublished = "\\.test\\.ts$";

function rulesOf(name: string, rooms: Rooms): IForbiddenRuleType[] {
  const source = `packages/${name}/src`;
  return Object.entries(rooms).map(([room, allowed]) => ({
    name: `${name}: ${room} imports ${allowed.length === 0 ? "no other room" : `only ${allowed.join(", ")}`}`,
    severity: "error",
    from: { path: pathOf(source, room), pathNot: unpublished },
    to: { path: `^${escaped(source)}/`, pathNot: [room, ...allowed].map((other) => pathOf(source, other)) },
  }));
}

/** What may import what, between the rooms of a package and between the packages. */
export function importRules(packages: Readonly<Record<string, Rooms>> = roomsOf): IForbiddenRuleType[] {
  return [
    { name: "no circles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "packages import none of the tools and apps",
      severity: "error",
      from: { path: "^packages/", pathNot: unpublished },
      to: { path: "^(tools|examples|apps)/" },
    },
    {
      name: "what is published imports no test and no private helper",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: unpublished },
      to: { path: "\\.test\\.ts$|/test-support/" },
    },
    ...Object.entries(packages).flatMap(([name, rooms]) => rulesOf(name, rooms)),
  ];
}

export interface Breach {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  /** Modules of a circle, in order. */
  readonly circle: readonly string[];
}

export interface CruiseScope {
  readonly folder?: string;
  readonly rules?: readonly IForbiddenRuleType[];
}

/** Every import of `paths`, type-only ones included, held against the rules. */
export async function findBreaches(paths: readonly string[], scope: CruiseScope = {}): Promise<Breach[]> {
  const { folder = process.cwd(), rules = importRules() } = scope;
  const { output } = await cruise(
    [...paths],
    {
      baseDir: folder,
      ruleSet: { forbidden: [...rules] },
      validate: true,
      tsPreCompilationDeps: true,
      includeOnly: "^(packages|tools|examples|apps)/",
      exclude: "node_modules|/dist/",
    },
    { extensions: [".ts"], extensionAlias: { ".js": [".ts"] }, conditionNames: ["source"], exportsFields: ["exports"] },
  );
  return (output as ICruiseResult).summary.violations.map(({ rule, from, to, cycle = [] }) => ({
    rule: rule.name,
    from,
    to,
    circle: cycle.map(({ name }) => name),
  }));
}

const isKnown = ({ rule, from, to }: Breach, known: KnownBreach): boolean =>
  rule.startsWith(known.rule) && from === known.from && to === known.to;

/** One line for each breach that is not on the list, and for each entry of the list that is mended by now. */
export function describeBreaches(found: readonly Breach[], known: readonly KnownBreach[] = knownBreaches): string[] {
  const fresh = found.filter((breach) => !known.some((entry) => isKnown(breach, entry)));
  const mended = known.filter((entry) => !found.some((breach) => isKnown(breach, entry)));
  return [
    ...fresh.map(({ rule, from, to, circle }) => `${from}: imports ${circle.join(" > ") || to}; ${rule}.`),
    ...mended.map(
      ({ from, to }) =>
        `tools/conventions/known-breaches.ts: ${from} no longer imports ${to}; remove it from the list.`,
    ),
  ];
}
