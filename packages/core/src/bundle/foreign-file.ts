const formats: readonly (readonly [what: string, start: string | readonly number[]])[] = [
  ["a Git LFS pointer, which only names the file: fetch the file itself (git lfs pull)", "version https://git-lfs"],
  ["an HTML page: the address serves a page, perhaps an error or a login, instead of the file", "<!doctype html"],
  ["an HTML page: the address serves a page, perhaps an error or a login, instead of the file", "<html"],
  ["an XML document, perhaps an error of the server", "<?xml"],
  [
    "a zip archive, as PyTorch's own checkpoints (.pt, .ckpt) are: save its tensors by the safetensors library",
    [0x50, 0x4b, 3, 4],
  ],
  ["a Python pickle: save its tensors by the safetensors library", [0x80, 2]],
  ["a Python pickle: save its tensors by the safetensors library", [0x80, 4]],
  ["a gzip file: unpack it", [0x1f, 0x8b]],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46]],
  ["a NumPy file: save its arrays by the safetensors library", [0x93, 0x4e, 0x55, 0x4d]],
  ["a GGUF file", "GGUF"],
];

/** What bytes are that are not what they should be, for messages: by how they start; undefined if unknown. */
export function recognizeForeign(bytes: Uint8Array): string | undefined {
  const start = bytes.subarray(0, 64);
  const text = new TextDecoder("utf-8").decode(start).trimStart().toLowerCase();
  const known = formats.find(([, signature]) =>
    typeof signature === "string"
      ? text.startsWith(signature.toLowerCase())
      : signature.every((byte, i) => start[i] === byte),
  );
  if (known !== undefined) return known[0];
  return text.startsWith("{") || text.startsWith("[") ? "JSON text" : undefined;
}
