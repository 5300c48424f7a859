/** The code of a page that is one program in pieces: its blocks of TypeScript, in order. */
export function programOf(markdown: string): string {
  return Array.from(markdown.matchAll(/^```ts\n(.*?)^```$/gms), ([, piece]) => piece).join("\n");
}
