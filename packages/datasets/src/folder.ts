import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type Digits, type NamedBytes, readPair } from "./digits.ts";
import { DataError, reasonOf } from "./errors.ts";
import { type OfficialPair, type Part, PARTS } from "./official.ts";

/** Gunzips what begins like a gzip file, whatever its name: browsers unpack while downloading and keep the name. */
export async function unpack({ name, bytes }: NamedBytes): Promise<NamedBytes> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { name, bytes };
  try {
    return { name, bytes: await promisify(gunzip)(bytes) };
  } catch (error) {
    throw new DataError(
      `mnist: ${name}: a broken or truncated gzip file of ${bytes.length} bytes (${reasonOf(error)}), ` +
        "wanted a whole one; replace the file by a fresh copy",
    );
  }
}

/** The file under one of the names it goes by: official.gz, official, and some unpackers' official.idx3-ubyte. */
function find(names: string[], officialName: string): string | undefined {
  const plain = officialName.replace(/\.gz$/, "");
  const dotted = plain.replace("-idx", ".idx");
  return [officialName, plain, `${dotted}.gz`, dotted].find((name) => names.includes(name));
}

async function load(path: string): Promise<NamedBytes> {
  try {
    return await unpack({ name: path, bytes: await readFile(path) });
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`mnist: cannot read ${path} (${reasonOf(error)}), wanted an idx file; check its permissions`);
  }
}

/**
 * The parts that a folder named by the user holds, gzipped or plain. A part needs its images and its labels: half a
 * pair is logged and left out. A folder that is missing or has no whole pair, or a bad file in it, throws DataError.
 */
export async function readFolder(
  folder: string,
  files: Record<Part, OfficialPair>,
  log: (line: string) => void,
): Promise<Partial<Record<Part, Digits>>> {
  const wanted = Object.values(files).map(({ images, labels }) => `${images.name} with ${labels.name}`);
  const fix = `wanted ${wanted.join(", or ")} (gzipped or plain)`;
  const names = await readdir(folder).catch((error: unknown) => {
    throw new DataError(
      `mnist: cannot read the folder ${folder} (${reasonOf(error)}), ${fix}; name an existing folder`,
    );
  });
  const parts: Partial<Record<Part, Digits>> = {};
  for (const part of PARTS) {
    const images = find(names, files[part].images.name);
    const labels = find(names, files[part].labels.name);
    if (images && labels) {
      parts[part] = readPair(...(await Promise.all([load(join(folder, images)), load(join(folder, labels))])));
    } else if (images || labels) {
      const missing = images ? files[part].labels.name : files[part].images.name;
      log(`mnist: ${folder} has ${images ?? labels} but not ${missing}: not used for the ${part} part`);
    }
  }
  if (!parts.train && !parts.test) {
    throw new DataError(`mnist: the folder ${folder} holds no pair of idx files, ${fix}; name the folder with them`);
  }
  return parts;
}
