// What every JavaScript contestant does with a request, in a process (serve.mjs) or on a page (page/worker.ts).
//
//   { prepare: { job, options, arrays } }  ->  { outputs }, samples of what the job computed, once done
//   { time: ms }                           ->  { times }, ms of each run, for about so long and at least one
//
// or { cannot: reason } for what the peer does not have, or { error }.
import { Cannot } from "./job.mjs";

/** At most 257 of the values, evenly spaced; the distance is odd, so that all channels are seen. */
function sample(values) {
  const distance = Math.floor(values.length / 256) | 1;
  return Array.from(values).filter((_, i) => i % distance === 0);
}

/** A run may say itself what it took, when only a part of it counts. */
async function time(run, limit) {
  const times = [];
  for (const end = performance.now() + limit; times.length === 0 || performance.now() < end;) {
    const start = performance.now();
    const result = run();
    const own = result instanceof Promise ? await result : result;
    times.push(own ?? performance.now() - start);
  }
  return times;
}

export const problem = (error) => (error instanceof Cannot ? { cannot: error.message } : { error: String(error) });

/** Answers requests in their order. `readArray(name, array)` gives the values and the shape of an array asked for. */
export function answerer(jobs, readArray) {
  let run;
  async function prepare({ job, options, arrays }) {
    if (!jobs[job]) throw new Cannot("has no such operation");
    const read = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, readArray(name, array)]));
    const prepared = await jobs[job](read, options);
    run = prepared.run;
    const outputs = Object.entries(await prepared.outputs()).map(([name, values]) => [name, sample(values)]);
    return { outputs: Object.fromEntries(outputs) };
  }
  return async (request) => {
    try {
      return "time" in request ? { times: await time(run, request.time) } : await prepare(request.prepare);
    } catch (error) {
      return problem(error);
    }
  };
}
