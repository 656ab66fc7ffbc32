export type { Digits } from "./digits.ts";
export type { Progress } from "./download.ts";
export { DataError } from "./errors.ts";
export { type Idx, parseIdx } from "./idx.ts";
export { type Mnist, mnist, type Source, type SourceName } from "./mnist.ts";
export type { MnistOptions } from "./options.ts";
