// What each entry has that the others have not, by require.
const names = ["evenkeel", "evenkeel/threads", "evenkeel/fast", "evenkeel/slim"];
const entries = names.map((name) => require(name));
const common = Object.keys(entries[0]);
const extras = entries.map((entry) => Object.keys(entry).filter((name) => !common.includes(name)));
const missing = entries.flatMap((entry) => common.filter((name) => !(name in entry)));
console.log(JSON.stringify({ extras, missing, sum: entries[2].add(1, 2).arraySync() }));
