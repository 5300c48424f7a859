/** What is used of the optional peer, which need not be installed. */
declare module "@huggingface/hub" {
  export interface RepoFile {
    readonly repo: { readonly type: "model"; readonly name: string };
    readonly path: string;
    readonly revision: string;
    readonly accessToken?: string;
  }
  export function downloadFile(
    file: RepoFile,
  ): Promise<{ readonly size: number; arrayBuffer(): Promise<ArrayBuffer> } | null>;
}
