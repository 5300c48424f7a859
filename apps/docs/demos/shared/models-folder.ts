import { withBase } from "vitepress";

/** Where the site's models lie, as an address that a worker can use. */
export const modelsFolder = (): string => new URL(withBase("/models/"), location.href).href;
