/**
 * Hands the server of the test what `work` resolves to, or the error that it ended with.
 * @param {() => Promise<unknown>} work
 */
export async function report(work) {
  const result = await work().catch((/** @type {Error} */ error) => ({ error: `${error.name}: ${error.message}` }));
  await fetch("/result", { method: "POST", body: JSON.stringify(result) });
}
