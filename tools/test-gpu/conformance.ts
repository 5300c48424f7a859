import { testBackend } from "@diffusion-forcing/core/testing";
import { afterAll, describe, it } from "vitest";
import { loadProvider } from "../test-devices/load-provider.js";
import { residentBytes } from "../test-devices/resident-bytes.js";

const name = process.env.DFORCE_GPU_DEVICE ?? "";
const [provider, device] = name.split("/") as [string, string];

testBackend(name, async () => (await loadProvider(provider)).open(device), { describe, it, afterAll, residentBytes });
