import { diffusionForcing, loadBundle } from "@diffusion-forcing/core";
import { workerBackend } from "@diffusion-forcing/core/backend";
import { urlSource } from "@diffusion-forcing/core/bundle";
import { length } from "../data.js";

const [button, status, picture] = ["button", "[role=status]", "svg"].map((name) => document.querySelector(name));
let sampler;
let seed = 0;

async function open() {
  status.textContent = "Loading the model";
  const { diffusion, parameters } = await loadBundle(urlSource(new URL("model", document.baseURI)));
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const backend = await workerBackend(worker);
  const forcing = diffusionForcing({ model: diffusion.model, process: diffusion.process });
  return forcing.sampler({ backend, parameters, timesteps: 20 });
}

button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    sampler ??= await open();
    status.textContent = "Sampling";
    const { data } = await sampler.sample({ batch: 8, length, seed: seed++ });
    const line = (b) =>
      Array.from({ length }, (_, t) => `${(t + 0.5) * (320 / length)},${80 - 30 * data[b * length + t]}`).join(" ");
    picture.innerHTML = Array.from(
      { length: 8 },
      (_, b) => `<polyline points="${line(b)}" fill="none" stroke="#5a45ad" stroke-opacity="0.7" />`,
    ).join("");
    status.textContent = "Eight samples";
  } catch (error) {
    status.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});
