/** Bad data or a bad option: the message says what came, what was wanted, and the fix. */
export class DataError extends Error {
  override name = "DataError";
}

/** A short reason out of whatever was thrown: fetch and the file system hide it in different places. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause;
  if (cause instanceof Error) {
    // Trying several addresses at once fails with an AggregateError, whose message is empty.
    return cause.message || ("code" in cause ? String(cause.code) : "") || error.message;
  }
  return error.message;
}
