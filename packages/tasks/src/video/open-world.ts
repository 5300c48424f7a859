import { digitsWorld } from "./digits/world.js";
import { dotsWorld } from "./dots/world.js";
import { mazeWorld } from "./maze/world.js";
import type { World } from "./world.js";
import type { WorldConfig } from "./world-config.js";

/** The simulator of a world. @throws `invalid-config` for a maze that is none */
export function openWorld(config: WorldConfig): World {
  switch (config.kind) {
    case "dots":
      return dotsWorld(config.size);
    case "digits":
      return digitsWorld(config);
    case "maze":
      return mazeWorld(config);
  }
}
