import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

describe("tensor", () => {
  it("reads nested arrays, typed arrays and numbers", () => {
    const nested = ek.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(nested.shape).toEqual([2, 3]);
    expect(nested.dtype).toBe("float32");
    expect(nested.arraySync()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(ek.tensor(7).arraySync()).toBe(7);
    expect(ek.tensor(new Uint8Array([0, 255]), [2, 1]).arraySync()).toEqual([[0], [255]]);
    expect(ek.tensor(new Uint8Array([0, 255])).dtype).toBe("int32");
    expect(ek.tensor(new Uint8Array([0, 255]), [2], "float32").dtype).toBe("float32");
    expect(ek.tensor([new Float32Array([1, 2]), [3, 4]]).shape).toEqual([2, 2]);
    expect(ek.tensor([[], []]).shape).toEqual([2, 0]);
  });

  it("keeps copies apart from the memory", () => {
    const x = ek.tensor([1, 2]);
    x.dataSync()[0] = 9;
    expect([...x.dataSync()]).toEqual([1, 2]);
  });

  it.each([
    [() => ek.tensor([[1, 2], [3]]), "ragged"],
    [() => ek.tensor([1, 2, 3], [2]), "tensor: 3 values for the shape [2], which holds 2"],
    [() => ek.tensor([1], [-1]), "integers of at least 0"],
    [() => ek.tensor([1.5], [1], "int32"), "1.5 at index 0 is no int32"],
    [() => ek.tensor([Number.NaN], [1], "int32"), "NaN at index 0"],
    [() => ek.tensor(new Uint32Array([2 ** 31]), [1]), "is no int32"],
    [() => ek.tensor(["a" as unknown as number]), '"a" among the values'],
    [() => ek.tensor([1], [1], "float" as "float32"), 'did you mean "float32"'],
    [() => ek.tensor(ek.tensor([1]) as never), "a tensor already"],
    [() => ek.zeros([2.5]), "zeros: shape is [2.5]"],
  ])("refuses bad values: %#", (make, message) => {
    expect(make).toThrow(message);
  });

  it("counts and frees", () => {
    const before = ek.memory();
    const x = ek.ones([100]);
    expect(ek.memory().numTensors).toBe(before.numTensors + 1);
    expect(ek.memory().numBytes).toBe(before.numBytes + 400);
    const y = ek.reshape(x, [10, 10]);
    expect(ek.memory().numBytes).toBe(before.numBytes + 400);
    x.dispose();
    x.dispose();
    expect(y.arraySync()).toHaveLength(10);
    y.dispose();
    expect(ek.memory().numTensors).toBe(before.numTensors);
    expect(ek.memory().numBytes).toBe(before.numBytes);
  });

  it("names the op that used a disposed tensor", () => {
    const x = ek.tensor([1]);
    x.dispose();
    expect(() => ek.relu(x)).toThrow(ek.DisposedError);
    expect(() => ek.matMul(x, x)).toThrow(/^matMul: the tensor \[1\] was disposed/);
    expect(() => x.dataSync()).toThrow("dataSync");
    expect(String(x)).toContain("disposed");
  });

  it("frees with `using`", () => {
    const before = ek.memory().numTensors;
    {
      using x = ek.tensor([1, 2]);
      expect(x.size).toBe(2);
    }
    expect(ek.memory().numTensors).toBe(before);
  });
});

describe("variable", () => {
  it("assigns in place, all or nothing", () => {
    const v = ek.variable([1, 2], { name: "w" });
    const seen = ek.reshape(v, [2, 1]);
    v.assign([3, 4]);
    expect(seen.arraySync()).toEqual([[3], [4]]);
    expect(() => v.assign([1, 2, 3])).toThrow("assign: values [3]; the variable w has [2]");
    expect(v.arraySync()).toEqual([3, 4]);
  });

  it("outlives scopes", () => {
    const v = ek.tidy(() => ek.variable(ek.ones([3])));
    expect(v.arraySync()).toEqual([1, 1, 1]);
    v.dispose();
  });
});
