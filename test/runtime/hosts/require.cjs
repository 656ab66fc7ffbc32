const ek = require("evenkeel");
const { smoke } = require("../smoke.js");

void smoke(ek).then((result) => console.log(JSON.stringify(result)));
