import type { OnnxAttribute } from "./proto/model.js";

export const int = (value: number): OnnxAttribute => ({ type: "int", value });
export const float = (value: number): OnnxAttribute => ({ type: "float", value });
export const ints = (value: readonly number[]): OnnxAttribute => ({ type: "ints", value });
export const string = (value: string): OnnxAttribute => ({ type: "string", value });
export const flag = (value: boolean): OnnxAttribute => ({ type: "int", value: value ? 1 : 0 });
