import { setThreads } from "evenkeel/threads";

/** The tests of a file run with as many threads as its project says. */
await setThreads(Number(process.env["EVENKEEL_THREADS"]));
