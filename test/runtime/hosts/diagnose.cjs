const ek = require("evenkeel");

void import("../diagnose.js").then(async ({ findings }) => console.log(JSON.stringify(await findings(ek))));
