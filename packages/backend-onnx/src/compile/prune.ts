import type { OnnxNode, OnnxTensor } from "./proto/model.js";

interface Parts {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}

/** Drops nodes and initialisers that no output depends on, and names of optional outputs that nobody reads. */
export function prune({ nodes, initializers }: Parts, outputs: Iterable<string>): Parts {
  const used = new Set(outputs);
  const kept: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => used.has(name))) continue;
    for (const name of node.inputs) used.add(name);
    // The first output is never optional.
    const names = node.outputs.map((name, i) => (i === 0 || used.has(name) ? name : ""));
    while (names[names.length - 1] === "") names.pop();
    kept.push({ ...node, outputs: names });
  }
  return { nodes: kept.reverse(), initializers: initializers.filter(({ name }) => used.has(name)) };
}
