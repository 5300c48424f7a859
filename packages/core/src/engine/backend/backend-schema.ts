import type * as v from "valibot";
import { schemas } from "../check.js";
import type { Backend } from "./contract.js";

/** What takes a backend among its options. */
export const backendSchema: v.GenericSchema<Backend> = schemas.satisfying<Backend>("a backend", isBackend);

function isBackend(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as Partial<Backend>).compile === "function";
}
