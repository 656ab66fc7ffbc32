// Chromium and Firefox for the tests: those on the PATH, or Debian's packages where root may install them.
import { existsSync } from "node:fs";
import { run, which } from "./run.mjs";

const programs = {
  EVENKEEL_CHROMIUM: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  EVENKEEL_FIREFOX: ["firefox", "firefox-esr"],
};
const applications = {
  EVENKEEL_CHROMIUM: "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  EVENKEEL_FIREFOX: "/Applications/Firefox.app/Contents/MacOS/firefox",
};

/** The browsers as environment variables for the tests; a test whose variable is missing skips itself by name. */
export async function findBrowsers() {
  if (Object.keys(found()).length < 2) await install();
  return found();
}

async function install() {
  const command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "firefox-esr"];
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    console.log("a browser is missing: install Chromium and Firefox (on Debian: apt install chromium firefox-esr)");
    return;
  }
  console.log("set-up: browsers from Debian's packages ...");
  await run(["apt-get", "update", "-qq"], { allowFailure: true });
  const { code, output } = await run(command, { allowFailure: true });
  if (code !== 0) console.log(`${command.join(" ")} failed:\n${output.trimEnd().split("\n").slice(-5).join("\n")}`);
}

/** @returns {Record<string, string>} */
function found() {
  const pairs = Object.entries(programs).map(([variable, names]) => {
    const given = process.env[variable];
    const application = applications[/** @type {keyof typeof applications} */ (variable)];
    const file = given || names.map((name) => which(name)).find(Boolean);
    return [variable, file ?? (existsSync(application) ? application : undefined)];
  });
  return Object.fromEntries(pairs.filter(([, file]) => file));
}
