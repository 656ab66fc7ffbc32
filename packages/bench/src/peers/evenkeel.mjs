// evenkeel itself. `threads` and `winograd` are of builds that have them. With `shared` a variant of a norm is the norm
// whose kernel it uses.
import { Cannot } from "./job.mjs";
import { kerasLikeJobs } from "./keras-like.mjs";

async function threaded(threads) {
  // By a variable: this entry is not in every build, and bundlers would insist on it.
  const entry = "evenkeel/threads";
  const ek = await import(/* @vite-ignore */ entry).catch(() => {
    throw new Cannot("this build has no threads entry");
  });
  await ek.setThreads(threads);
  return ek;
}

export async function load({ threads = 1, winograd, shared }) {
  const ek = threads > 1 ? await threaded(threads) : await import("evenkeel");
  if (winograd) {
    if (!ek.config) throw new Cannot("this build has no config");
    ek.config({ winograd });
  }
  return { version: "this tree", jobs: kerasLikeJobs({ ...withVariables(ek), shared }) };
}

/** TensorFlow.js's `variable(value, trainable, name)`. */
const withVariables = (ek) => ({
  ...ek,
  variable: (value, trainable, name) => ek.variable(value, { trainable, name }),
});
