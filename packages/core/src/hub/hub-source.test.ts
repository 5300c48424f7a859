import { expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { type HubClient, hubSource } from "./hub-source.js";

function hub(files: Record<string, number[]>) {
  const asked: unknown[] = [];
  const client = async (): Promise<HubClient> => ({
    async downloadFile(file) {
      asked.push(file);
      const bytes = files[file.path];
      if (bytes === undefined) return null;
      return { size: bytes.length, arrayBuffer: async () => Uint8Array.from(bytes).buffer };
    },
  });
  return { asked, client };
}

it("reads the files of a repository at a revision, bounded by their size", async () => {
  const { asked, client } = hub({ "config.json": [1, 2] });
  const source = hubSource("me/umaze", { revision: "v1", accessToken: "hf_x", client });
  expect(source.name).toBe("hub:me/umaze@v1");
  expect(await source.read("config.json", { maxBytes: 2 })).toEqual(Uint8Array.of(1, 2));
  expect(asked).toEqual([
    { repo: { type: "model", name: "me/umaze" }, path: "config.json", revision: "v1", accessToken: "hf_x" },
  ]);
  expect(await source.read("other.json", { maxBytes: 2 })).toBe(undefined);
  await expect(source.read("config.json", { maxBytes: 1 })).rejects.toThrow("config.json has 2 bytes");
});

it("says how to install the peer, and what is no repository", async () => {
  const read = hubSource("me/umaze").read("config.json", { maxBytes: 2 });
  await expect(read).rejects.toThrow("npm install @huggingface/hub");
  await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "missing-dependency"));
  expect(() => hubSource("umaze")).toThrow('the repository is "umaze"; expected "owner/name"');
  expect(() => hubSource("a/../b")).toThrow("expected");
});
