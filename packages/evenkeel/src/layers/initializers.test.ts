import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";
import { getInitializer } from "./get-initializer.ts";

/** Mean, standard deviation and largest absolute value. */
function describeValues(values: ArrayLike<number>): { mean: number; deviation: number; largest: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const deviation = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / all.length);
  return { mean, deviation, largest: Math.max(...all.map(Math.abs)) };
}

beforeEach(() => ek.setSeed(1));

describe("initializers", () => {
  const shape = [3, 3, 20, 40];
  const [inputs, outputs] = [180, 360];

  it.each([
    ["glorotUniform", Math.sqrt(6 / (inputs + outputs)), Math.sqrt(2 / (inputs + outputs))],
    ["he_uniform", Math.sqrt(6 / inputs), Math.sqrt(2 / inputs)],
    ["LecunUniform", Math.sqrt(3 / inputs), Math.sqrt(1 / inputs)],
    ["glorotNormal", (2 / 0.8796256610342398) * Math.sqrt(2 / (inputs + outputs)), Math.sqrt(2 / (inputs + outputs))],
    ["heNormal", (2 / 0.8796256610342398) * Math.sqrt(2 / inputs), Math.sqrt(2 / inputs)],
    ["randomUniform", 0.05, 0.05 / Math.sqrt(3)],
    ["truncatedNormal", 0.1, 0.05 * 0.8796256610342398],
  ])("%s has its bound and its deviation", (name, bound, deviation) => {
    const { make } = getInitializer("test", name);
    const found = describeValues(make(shape).dataSync());
    expect(found.largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
    expect(found.largest).toBeGreaterThan(bound * 0.99);
    expect(found.deviation / deviation).toBeCloseTo(1, 1.5);
    expect(Math.abs(found.mean)).toBeLessThan(0.05 * deviation);
  });

  it("gives the same values for the same seed only", () => {
    const seeded = ek.initializers.heNormal({ seed: 7 });
    expect(seeded.make([5]).dataSync()).toEqual(seeded.make([5]).dataSync());
    const free = ek.initializers.heNormal();
    expect(free.make([5]).dataSync()).not.toEqual(free.make([5]).dataSync());
  });

  it("reads what it and Keras write", () => {
    const keras = { module: "keras.initializers", class_name: "VarianceScaling", registered_name: null };
    const config = { scale: 2, mode: "fan_out", distribution: "untruncated_normal", seed: 3 };
    const read = getInitializer("test", { ...keras, config: { ...config, input_axes: null, output_axes: null } });
    expect(read.toJSON()).toEqual({ ...keras, config });
    const constant = getInitializer("test", ek.initializers.constant({ value: 4 }).toJSON());
    expect(constant.make([2]).arraySync()).toEqual([4, 4]);
    expect(() => getInitializer("test", { class_name: "Orthogonal", config: {} })).toThrow(
      'unknown initializer "Orthogonal"',
    );
    expect(() => getInitializer("test", { class_name: "Zeros", config: { value: 1 } })).toThrow('config key "value"');
    expect(() => getInitializer("test", { class_name: "GlorotUniform", config: { input_axes: [0] } })).toThrow(
      "input_axes is [0]; only null is supported",
    );
  });

  it("refuses bad options", () => {
    expect(() => ek.initializers.constant({ value: "1" as never })).toThrow('constant: value is "1"');
    expect(() => ek.initializers.randomNormal({ sd: 1 } as never)).toThrow('unknown option "sd"');
    expect(() => ek.initializers.varianceScaling({ mode: "fanin_" })).not.toThrow();
    expect(() => ek.initializers.varianceScaling({ scale: 0 })).toThrow("scale is 0");
    expect(() => ek.initializers.heNormal({ seed: -1 })).toThrow("seed is -1");
  });
});
