import * as fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as ek from "evenkeel";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.ts";

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "evenkeel-save-"));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));
beforeEach(() => ek.setSeed(1));

const x = ek.randomNormal([40, 6, 6, 1], 0, 1, "float32", 1);
const y = ek.tensor(
  Array.from({ length: 40 }, (_, i) => i % 3),
  [40],
  "int32",
);
const fitOptions = { batchSize: 12, validationSplit: 0.1 };

function network(): ek.Sequential {
  const model = ek.sequential([
    ek.layers.conv2d({ filters: 2, kernelSize: 3, activation: "relu", inputShape: [6, 6, 1] }),
    ek.layers.batchNormalization(),
    ek.layers.flatten(),
    ek.layers.dropout({ rate: 0.3 }),
    ek.layers.dense({ units: 3, activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

const bits = (model: ek.Sequential) => model.weights.map((w) => [...new Int32Array(w.dataSync().buffer)]);

describe("save and loadModel", () => {
  it("give back the whole model, by path, URL, handle and bytes", async () => {
    const model = network();
    await model.fit(x, y, fitOptions);
    const path = join(folder, "model.safetensors");
    await model.save(path);
    const bytes = await model.save();
    expect(new Uint8Array(fs.readFileSync(path))).toEqual(bytes);
    const url = pathToFileURL(join(folder, "ä b.safetensors"));
    await model.save(url);
    const handle = memoryHandle();
    await model.save(handle);
    for (const source of [path, url, url.href, handle, bytes, bytes.buffer]) {
      const loaded = await ek.loadModel(source);
      expect(bits(loaded)).toEqual(bits(model));
      expect(loaded.toJSON()).toEqual(JSON.parse(JSON.stringify(model)));
      expect(loaded.predict(x).arraySync()).toEqual(model.predict(x).arraySync());
      expect(await loaded.evaluate(x, y)).toEqual(await model.evaluate(x, y));
      expect(await loaded.save()).toEqual(bytes);
      loaded.dispose();
    }
    expect(fs.readdirSync(folder).toSorted()).toEqual(["model.safetensors", "ä b.safetensors"]);
  });

  it("a run that goes on has the bits it would have had", async () => {
    const whole = network();
    const inTheMiddle: Uint8Array[] = [];
    const callbacks = { onEpochEnd: async () => void inTheMiddle.push(await whole.save()) };
    const { history } = await whole.fit(x, y, { ...fitOptions, epochs: 4, callbacks });
    for (const [epoch, bytes] of inTheMiddle.entries()) {
      ek.setSeed(99);
      const resumed = await ek.loadModel(bytes);
      const rest = await resumed.fit(x, y, { ...fitOptions, epochs: 4, initialEpoch: epoch + 1 });
      expect(bits(resumed)).toEqual(bits(whole));
      for (const [key, values] of Object.entries(rest.history)) expect(values).toEqual(history[key]!.slice(epoch + 1));
    }
  });

  it("draws nothing from the default stream, and leaves no tensors but the model's", async () => {
    const bytes = await network().save();
    const draw = () => ek.tidy(() => ek.randomUniform([3]).arraySync());
    ek.setSeed(5);
    const expected = draw();
    ek.setSeed(5);
    const { numTensors } = ek.memory();
    const loaded = await ek.loadModel(bytes);
    expect(draw()).toEqual(expected);
    loaded.dispose();
    expect(ek.memory().numTensors).toBe(numTensors);
  });

  it("leaves the optimizer out on demand, and takes functions of one's own by name", async () => {
    const model = network();
    const own = (t: ek.TensorLike, p: ek.TensorLike) => ek.losses.sparseCategoricalCrossentropy(t, p);
    model.compile({ optimizer: ek.optimizers.sgd({ learningRate: 0.5, momentum: 0.5 }), loss: own, metrics: [own] });
    expect(model.trainOnBatch(x, y)).toHaveProperty("own");
    const bytes = await model.save();
    await expect(ek.loadModel(bytes)).rejects.toThrow("pass it as custom: { own }");
    expect((await ek.loadModel(bytes, { compile: false })).optimizer).toBeUndefined();
    const loaded = await ek.loadModel(bytes, { custom: { own } });
    expect(loaded.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
    expect(bits(loaded)).toEqual(bits(model));
    await expect(ek.loadModel(bytes, { compiled: true } as object)).rejects.toThrow('did you mean "compile"');
  });

  it("loads over http, and says what the server answered", async () => {
    const bytes = await network().save();
    const server = createServer((request, response) => {
      if (request.url === "/model.safetensors") response.end(bytes);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await (await ek.loadModel(`${address}/model.safetensors`)).save()).toEqual(bytes);
      await expect(ek.loadModel(new URL(`${address}/none`))).rejects.toThrow("answered 404");
      await expect(network().save(`${address}/model.safetensors`)).rejects.toThrow("save to a path");
    } finally {
      server.close();
    }
  });
});

describe("a file that cannot be written", () => {
  it("is a clear error; the old file stays, nothing is left", async () => {
    const model = network();
    const sub = join(folder, "sub");
    fs.mkdirSync(sub);
    await expect(model.save(join(sub, "none", "m"))).rejects.toThrow("there is no such file or folder");
    await expect(model.save(sub)).rejects.toThrow("that is a folder");
    await expect(model.save("")).rejects.toThrow('save: ""; use a path');
    await expect(model.save(5 as never)).rejects.toThrow("save: 5; use a path");
    await expect(ek.sequential([ek.layers.dense({ units: 1 })]).save()).rejects.toThrow("has no weights yet");
    expect(fs.readdirSync(sub)).toEqual([]);
    const broken = memoryHandle(new Error("quota"));
    await expect(model.save(broken)).rejects.toThrow("save: memory: quota");
    expect(broken.aborted).toBe(true);
  });

  it.runIf(fs.existsSync("/dev/full"))("on a full disk", async () => {
    await expect(network().save("/dev/full")).rejects.toThrow("save: /dev/full: the disk is full");
    expect(fs.statSync("/dev/full").isCharacterDevice()).toBe(true);
    expect(fs.readdirSync("/dev").filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("replaces what a link points to", async () => {
    const [target, link] = [join(folder, "target"), join(folder, "link")];
    fs.writeFileSync(target, "old");
    fs.symlinkSync(target, link);
    const model = network();
    await model.save(link);
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(new Uint8Array(fs.readFileSync(target))).toEqual(await model.save());
  });
});

describe("a file that is no model", () => {
  /** A saved model with something changed. */
  async function changed(change: (tensors: Map<string, object>, metadata: Record<string, string>) => void) {
    const { tensors, metadata } = readSafetensors(await network().save(), "f");
    const [copy, data] = [new Map(tensors), { ...metadata }];
    change(copy, data);
    return writeSafetensors({ tensors: copy, metadata: data });
  }

  it("is a clear error", async () => {
    const bytes = await network().save();
    const load = async (source: Parameters<typeof ek.loadModel>[0], message: string) => {
      const { numTensors } = ek.memory();
      await expect(ek.loadModel(source)).rejects.toThrow(message);
      expect(ek.memory().numTensors).toBe(numTensors);
    };
    await load(join(folder, "none"), "loadModel: ");
    await load(folder, "that is a folder");
    await load(bytes.subarray(0, 1000), "the bytes: truncated");
    await load(bytes.subarray(0, bytes.length - 1), "the bytes: truncated");
    await load(new TextEncoder().encode("<!doctype html><html>"), "no safetensors file");
    await load(new Uint8Array(), "0 bytes");
    await load(5 as never, "loadModel: 5; use a path, a URL, bytes or a file handle");
    await load(await changed((_, metadata) => delete metadata.format), "a safetensors file without a model");
    await load(await changed((_, metadata) => (metadata.version = "9")), 'version "9"; this evenkeel reads 1');
    await load(await changed((tensors) => tensors.delete([...tensors.keys()].at(-1)!)), "is missing");
    const kernel = { shape: [3], values: new Float32Array(3) };
    await load(await changed((tensors) => tensors.set([...tensors.keys()][0]!, kernel)), "is [3]; the model's config");
    await load(await changed((tensors) => tensors.set("other", kernel)), "other");
    const config = (metadata: Record<string, string>) => metadata.model!.replace('"Flatten"', '"Flaten"');
    await load(await changed((_, metadata) => (metadata.model = config(metadata))), 'did you mean "Flatten"');
  });
});

/** What a browser's FileSystemFileHandle does. */
function memoryHandle(failure?: Error) {
  let content = new Uint8Array();
  const handle = {
    name: "memory",
    aborted: false,
    createWritable: async () => {
      let written = new Uint8Array();
      return {
        write: async (data: Uint8Array<ArrayBuffer>) => {
          if (failure) throw failure;
          written = data;
        },
        close: async () => void (content = written),
        abort: async () => void (handle.aborted = true),
      };
    },
    getFile: async () => new Blob([content]),
  };
  return handle;
}
