/// <reference lib="dom" />
/** Counts the memory of WebAssembly, which Chromium leaves out of what a page holds. */

/** Held weakly, so that counting keeps none alive. */
const memories = new Set<WeakRef<WebAssembly.Memory>>();

/** Notes the memories among the imports of an instance, by module, and among its exports. */
function note(...groups: readonly (object | undefined)[]): void {
  const known = Array.from(memories, (memory) => memory.deref());
  for (const group of groups) {
    for (const value of Object.values(group ?? {})) {
      if (value instanceof WebAssembly.Memory && !known.includes(value)) memories.add(new WeakRef(value));
    }
  }
}

/** Watches every instance made from here on; call it before a runtime starts. */
export function watchWasmMemories(): void {
  const { instantiate, instantiateStreaming } = WebAssembly;
  const groupsOf = (imports: WebAssembly.Imports | undefined): object[] => Object.values(imports ?? {});
  WebAssembly.instantiate = async (source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports) => {
    const result = (await instantiate(source as BufferSource, imports)) as
      | WebAssembly.WebAssemblyInstantiatedSource
      | WebAssembly.Instance;
    note(...groupsOf(imports), ("instance" in result ? result.instance : result).exports);
    return result as WebAssembly.WebAssemblyInstantiatedSource & WebAssembly.Instance;
  };
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const result = await instantiateStreaming(source, imports);
    note(...groupsOf(imports), result.instance.exports);
    return result;
  };
}

/** Bytes of all watched memories that are still in use. */
export function wasmBytes(): number {
  let total = 0;
  for (const memory of memories) total += memory.deref()?.buffer.byteLength ?? 0;
  return total;
}
