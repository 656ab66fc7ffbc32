import { type Browser, chromium } from "playwright-core";
import { type Browser as FirefoxBrowser, launch as launchFirefox } from "puppeteer-core";
import { findOnPath } from "../runtime/process.ts";
import { type PageServer, servePage } from "./server.ts";

export type BrowserName = "Chromium" | "Firefox";

/** What pages of both drivers have in common. */
interface Talking {
  on(event: "pageerror" | "console", listener: (what: Error | { text(): string }) => void): unknown;
}

const limit = 60_000;

/** The installed browsers: `npm test` names them in the environment, else they are looked for on the PATH. */
const programs: Record<BrowserName, string | undefined> = {
  Chromium:
    process.env["EVENKEEL_CHROMIUM"] ||
    findOnPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
  Firefox: process.env["EVENKEEL_FIREFOX"] || findOnPath("firefox-esr", "firefox"),
};

export interface Visit {
  /** What the page reported. */
  readonly result: unknown;
  readonly requests: readonly string[];
}

/** What to say when a browser is missing; undefined when it is there. */
export function missing(browser: BrowserName): string | undefined {
  return programs[browser] === undefined ? `${browser} is not installed` : undefined;
}

/** Serves `folder`, opens one page of it in a fresh browser, and resolves to what the page reports. */
export async function visit(
  name: BrowserName,
  folder: string,
  page: string,
  headers: Record<string, string> = {},
): Promise<Visit> {
  const server = await servePage(folder, headers);
  try {
    const browser = await launch(name);
    try {
      const opened = await browser.newPage();
      const troubles: string[] = [];
      for (const event of ["pageerror", "console"] as const) {
        (opened as Talking).on(event, (what) => troubles.push("text" in what ? what.text() : what.message));
      }
      await opened.goto(`${server.origin}${page}`, { timeout: limit });
      return { result: await reported(server, troubles), requests: server.requests };
    } finally {
      await browser.close();
    }
  } finally {
    server.close();
  }
}

/** A new browser without a window, with a profile of its own. Playwright switches Chromium's background traffic off. */
function launch(name: BrowserName): Promise<Browser | FirefoxBrowser> {
  const options = { executablePath: programs[name]!, headless: true, timeout: limit };
  if (name === "Firefox") return launchFirefox({ ...options, browser: "firefox" });
  return chromium.launch({ ...options, args: ["--disable-gpu", "--no-first-run"] });
}

/** A page that does not report in time is an error, which says what the browser had to complain about. */
async function reported(server: PageServer, troubles: readonly string[]): Promise<unknown> {
  let alarm: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => {
      const heard = [`asked for ${server.requests.join(", ") || "nothing"}`, ...troubles].join("\n");
      reject(new Error(`the page reported nothing in ${limit / 1000} s\n${heard}`));
    };
    alarm = setTimeout(fail, limit);
  });
  try {
    return await Promise.race([server.result, late]);
  } finally {
    clearTimeout(alarm);
  }
}
