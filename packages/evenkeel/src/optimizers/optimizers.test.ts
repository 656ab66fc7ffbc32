import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const steps = [
  [0.1, -3, 0],
  [0.2, 1, 0],
  [-1, 1e-4, 5],
];

/** The variable after three steps. */
function run(optimizer: ek.Optimizer): number[] {
  const variable = ek.variable([1, -2, 0.5], { name: "w" });
  for (const step of steps) ek.tidy(() => optimizer.applyGradients({ w: ek.tensor(step) }, [variable]));
  return [...variable.dataSync()];
}

describe("optimizers", () => {
  // The values that Keras 3.15 gives; Adam's with float64 variables, as its float32 has only 3 digits of 1 − β₂ᵗ.
  it.each<[string, () => ek.Optimizer, number[]]>([
    ["adam", () => ek.optimizers.adam({ learningRate: 0.1, epsilon: 1e-3 }), [0.884159332, -1.830789256, 0.436520121]],
    ["sgd", () => ek.train.sgd(0.1), [1.07000005, -1.80001009, -7.4505806e-9]],
    ["momentum", () => ek.optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }), [1.03490007, -1.37700999, 0]],
    [
      "Nesterov",
      () => ek.optimizers.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
      [1.10141003, -1.23931909, -0.449999988],
    ],
  ])("%s as Keras", (_, make, wanted) => {
    const found = run(make());
    wanted.forEach((value, i) => expect(Math.abs(found[i]! - value)).toBeLessThan(3e-7));
  });

  it("follows Adam's formula over many steps, with a learning rate that changes", () => {
    const optimizer = ek.train.adam(0.01, 0.8, 0.95, 1e-4);
    const variable = ek.variable([0.5], { name: "w" });
    let [w, m, v] = [0.5, 0, 0];
    for (let t = 1; t <= 50; t++) {
      optimizer.learningRate = 0.01 / t;
      const g = ((t * 7) % 5) - 1.5;
      ek.tidy(() => optimizer.applyGradients({ w: ek.tensor([g]) }, [variable]));
      m += (g - m) * (1 - 0.8);
      v += (g * g - v) * (1 - 0.95);
      w -= ((0.01 / t) * Math.sqrt(1 - 0.95 ** t) * m) / ((1 - 0.8 ** t) * (Math.sqrt(v) + 1e-4));
    }
    expect(optimizer.iterations).toBe(50);
    expect(variable.dataSync()[0]).toBeCloseTo(w, 6);
  });

  it("finds the variables of gradients by itself", () => {
    const optimizer = ek.optimizers.sgd({ learningRate: 1 });
    const [a, b] = [ek.variable([3], { name: "w" }), ek.variable([5], { name: "w" })];
    const ofA = ek.variableGrads(() => ek.sum(ek.mul(a, a))).grads;
    ek.variableGrads(() => ek.sum(ek.mul(b, b)));
    optimizer.applyGradients(ofA);
    expect([a.arraySync(), b.arraySync()]).toEqual([[-3], [5]]);
    optimizer.applyGradients({ w: ek.tensor([1]) });
    expect(a.arraySync()).toEqual([-4]);
    expect(() => ek.train.sgd(1).applyGradients({ w: ek.tensor([1]) })).toThrow("pass the variables as the second");
  });

  it("minimizes", () => {
    const x = ek.variable([4, -4], { name: "x" });
    const optimizer = ek.train.adam(0.3);
    const before = ek.memory().numTensors;
    const cost = (): ek.Tensor => ek.sum(ek.square(ek.sub(x, 1)));
    const first = optimizer.minimize(cost, true)!;
    expect(first.dataSync()[0]).toBe(34);
    first.dispose();
    for (let i = 0; i < 200; i++) expect(optimizer.minimize(cost)).toBeNull();
    for (const value of x.dataSync()) expect(value).toBeCloseTo(1, 2);
    expect(ek.memory().numTensors).toBe(before + 2);
    optimizer.dispose();
    expect(ek.memory().numTensors).toBe(before);
  });

  it("checks everything before it changes anything", () => {
    const optimizer = ek.optimizers.adam();
    const a = ek.variable([1], { name: "a" });
    const b = ek.variable([1, 2], { name: "b" });
    const dead = ek.variable([1], { name: "dead" });
    dead.dispose();
    const one = ek.tensor([1]);
    const { numTensors } = ek.memory();
    const cases: [Record<string, ek.Tensor>, ek.Variable[], string][] = [
      [{ a: one }, [a, b], "adam.applyGradients: no gradient for b; pass a tensor [2]"],
      [{ a: one, b: one }, [a, b], "the gradient of b is [1]; use [2]"],
      [{ a: one, c: one }, [a], "a gradient for c, which is not among the variables"],
      [{ a: one, b: 3 as never }, [a, b], "3 for b; pass a tensor"],
      [{ a: one, dead: one }, [a, dead], "was disposed"],
      [{ a: one }, [a, a], "two variables are named a"],
      [{ a: one }, [one as never], "is no variable"],
    ];
    for (const [grads, variables, message] of cases) {
      expect(() => optimizer.applyGradients(grads, variables)).toThrow(message);
    }
    expect(() => optimizer.applyGradients([one] as never)).toThrow("pass { name: gradient }");
    expect(optimizer.iterations).toBe(0);
    expect(a.arraySync()).toEqual([1]);
    expect(ek.memory().numTensors).toBe(numTensors);
    // A slot that does not fit is found before the other variables get theirs.
    optimizer.applyGradients({ a: one }, [a]);
    const other = ek.variable([1, 1], { name: "a" });
    const grads = { b: ek.tensor([1, 1]), a: ek.tensor([1, 1]) };
    expect(() => optimizer.applyGradients(grads, [b, other])).toThrow("the slot adam/a/m is [1], the variable [2]");
    expect(Object.keys(optimizer.getState().slots)).toEqual(["adam/a/m", "adam/a/v"]);
    expect([optimizer.iterations, b.arraySync()]).toEqual([1, [1, 2]]);
  });

  it("goes on from a saved state with the same bits", () => {
    const [first, second] = [ek.optimizers.adam({ learningRate: 0.1 }), ek.optimizers.adam({ learningRate: 0.1 })];
    const whole = run(first);
    const variable = ek.variable([1, -2, 0.5], { name: "w" });
    const half = ek.optimizers.adam({ learningRate: 0.1 });
    for (const step of steps.slice(0, 2)) half.applyGradients({ w: ek.tensor(step) }, [variable]);
    second.setState(half.getState());
    half.dispose();
    second.applyGradients({ w: ek.tensor(steps[2]!) }, [variable]);
    expect([...variable.dataSync()]).toEqual(whole);
    expect(second.iterations).toBe(3);
    const before = second.getState();
    expect(() => second.setState({ iterations: 1, slots: { "sgd/w/velocity": variable } })).toThrow(
      "a slot sgd/w/velocity",
    );
    expect(() => second.setState({ iterations: -1, slots: {} })).toThrow("iterations is -1");
    expect(second.getState()).toEqual(before);
  });

  it("is made by name, or from what Keras writes", () => {
    expect(ek.optimizers.get("Adam").className).toBe("Adam");
    const given = ek.train.sgd(1);
    expect(ek.optimizers.get(given)).toBe(given);
    expect(() => ek.optimizers.get("adm")).toThrow('unknown optimizer "adm"; did you mean "adam"?');
    expect(() => ek.optimizers.get(3 as never)).toThrow("the optimizer is 3");
    const config = {
      name: "adam",
      learning_rate: 0.0010000000474974513,
      weight_decay: null,
      clipnorm: null,
      global_clipnorm: null,
      clipvalue: null,
      use_ema: false,
      ema_momentum: 0.99,
      ema_overwrite_frequency: null,
      loss_scale_factor: null,
      gradient_accumulation_steps: null,
      beta_1: 0.8,
      beta_2: 0.999,
      epsilon: 1e-7,
      amsgrad: false,
    };
    const keras = { module: "keras.optimizers", class_name: "Adam", config, registered_name: "Adam" };
    const optimizer = ek.optimizers.deserialize(keras);
    expect(optimizer.getConfig()).toMatchObject({ learning_rate: config.learning_rate, beta_1: 0.8, epsilon: 1e-7 });
    expect(ek.optimizers.deserialize(ek.optimizers.serialize(optimizer)).getConfig()).toEqual(optimizer.getConfig());
    const refused: [object, string][] = [
      [{ ...keras, config: { ...config, amsgrad: true } }, "amsgrad is true"],
      [{ ...keras, config: { ...config, clipnorm: 1 } }, "clipnorm is 1; only null is supported"],
      [{ ...keras, config: { ...config, learning_rate: { class_name: "CosineDecay" } } }, "learningRate is an object"],
      [{ ...keras, config: { ...config, beta: 1 } }, 'unknown config key "beta"'],
      [{ ...keras, class_name: "Lion" }, 'unknown optimizer "Lion"'],
    ];
    for (const [value, message] of refused) expect(() => ek.optimizers.deserialize(value)).toThrow(message);
    const sgd = ek.optimizers.sgd({ learningRate: 0.5, momentum: 0.25, nesterov: true });
    expect(ek.optimizers.deserialize(sgd.toJSON()).getConfig()).toEqual(sgd.getConfig());
  });

  it("refuses bad options", () => {
    expect(() => ek.optimizers.adam({ learningRate: -1 })).toThrow("adam: learningRate is -1");
    expect(() => ek.optimizers.adam({ beta1: 1 })).toThrow("beta1 is 1");
    expect(() => ek.optimizers.adam({ lr: 1 } as never)).toThrow('unknown option "lr"');
    expect(() => ek.optimizers.sgd({ nesterov: 1 as never })).toThrow("nesterov is 1");
    expect(() => (ek.train.sgd(1).learningRate = Number.NaN)).toThrow("learningRate is NaN");
  });
});

describe("gradientAccumulationSteps", () => {
  const gradients = [...steps, [0.5, -0.25, 2], [1, 2, 3], [-2, 0.5, -1], [7, 7, 7]];

  // The values after the 1st, 3rd and 6th of the calls that Keras 3.15 gives, with float64 variables.
  it.each<[string, () => ek.Optimizer, number[], number[]]>([
    [
      "adam",
      () => ek.optimizers.adam({ learningRate: 0.1, epsilon: 1e-3, gradientAccumulationSteps: 3 }),
      [1.088064901, -1.904528821, 0.401862035],
      [1.176131568, -1.915317181, 0.304492515],
    ],
    [
      "sgd",
      () => ek.optimizers.sgd({ learningRate: 0.1, gradientAccumulationSteps: 3 }),
      [1.023333334, -1.933336666, 0.333333331],
      [1.040000001, -2.008336667, 0.199999996],
    ],
    [
      "Nesterov",
      () => ek.optimizers.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, gradientAccumulationSteps: 3 }),
      [1.044333334, -1.873339665, 0.183333329],
      [1.094900001, -1.961842366, -0.205000011],
    ],
  ])("%s as Keras", (_, make, third, sixth) => {
    const [optimizer, variable] = [make(), ek.variable([1, -2, 0.5], { name: "w" })];
    const start = [...variable.dataSync()];
    gradients.forEach((gradient, i) => {
      ek.tidy(() => optimizer.applyGradients({ w: ek.tensor(gradient) }, [variable]));
      const wanted = i < 2 ? start : i < 5 ? third : sixth;
      wanted.forEach((value, c) => expect(Math.abs(variable.dataSync()[c]! - value)).toBeLessThan(4e-7));
      expect(optimizer).toMatchObject({ iterations: Math.floor((i + 1) / 3), accumulatedSteps: (i + 1) % 3 });
    });
  });

  it("goes on from a state with the same bits", () => {
    const make = (): ek.Optimizer => ek.optimizers.adam({ learningRate: 0.1, gradientAccumulationSteps: 4 });
    const run = (optimizer: ek.Optimizer, variable: ek.Variable, from: number, to: number): void =>
      gradients.slice(from, to).forEach((each) => optimizer.applyGradients({ w: ek.tensor(each) }, [variable]));
    const [a, whole] = [make(), ek.variable([1, -2, 0.5], { name: "w" })];
    run(a, whole, 0, 6);
    const b = make();
    b.setState(a.getState());
    expect(b.accumulatedSteps).toBe(2);
    const rest = ek.variable(whole, { name: "w" });
    run(a, whole, 6, 7);
    run(b, rest, 6, 7);
    for (const [optimizer, variable] of [
      [a, whole],
      [b, rest],
    ] as const)
      run(optimizer, variable, 0, 1);
    expect(a.iterations).toBe(2);
    expect(rest.dataSync()).toEqual(whole.dataSync());
    expect(() => b.setState({ ...a.getState(), accumulatedSteps: 4 })).toThrow(
      "accumulatedSteps is 4; use a number from 0 to 3",
    );
    expect(() => ek.train.adam().setState(a.getState())).toThrow("a slot adam/w/gradient_accumulator");
    run(b, rest, 0, 1);
    expect(b.accumulatedSteps).toBe(1);
    b.dispose();
    expect(b.accumulatedSteps).toBe(0);
  });

  it("drops what variables without a part in the step have, as Keras", () => {
    const optimizer = ek.optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: 2 });
    const [a, b] = [ek.variable([0], { name: "a" }), ek.variable([0], { name: "b" })];
    const step = (grads: ek.NamedGradients, variables: ek.Variable[]): void =>
      optimizer.applyGradients(grads, variables);
    step({ a: ek.tensor([2]), b: ek.tensor([2]) }, [a, b]);
    step({ a: ek.tensor([4]) }, [a]);
    expect([a, b].map((each) => each.arraySync())).toEqual([[-3], [0]]);
    step({ b: ek.tensor([2]) }, [b]);
    step({ b: ek.tensor([6]) }, [b]);
    expect(b.arraySync()).toEqual([-4]);
  });

  it("changes nothing when the gradients do not fit", () => {
    const optimizer = ek.optimizers.sgd({ gradientAccumulationSteps: 2 });
    const variable = ek.variable([1], { name: "w" });
    optimizer.applyGradients({ w: ek.tensor([1]) }, [variable]);
    expect(() => optimizer.applyGradients({ w: ek.tensor([1, 2]) }, [variable])).toThrow("the gradient of w is [2]");
    expect(optimizer).toMatchObject({ iterations: 0, accumulatedSteps: 1 });
    expect(optimizer.getState().slots["sgd/w/gradient_accumulator"]!.arraySync()).toEqual([0.5]);
  });

  it("is in the config where it is on, under Keras's name", () => {
    const optimizer = ek.optimizers.adam({ gradientAccumulationSteps: 4 });
    const copy = ek.optimizers.deserialize(optimizer.toJSON());
    expect(copy.gradientAccumulationSteps).toBe(4);
    expect(copy.getConfig()).toMatchObject({ gradient_accumulation_steps: 4 });
    for (const gradientAccumulationSteps of [undefined, null, 1]) {
      const off = ek.optimizers.sgd({ gradientAccumulationSteps: gradientAccumulationSteps! });
      expect(off.gradientAccumulationSteps).toBe(1);
      expect(Object.keys(off.getConfig())).not.toContain("gradient_accumulation_steps");
    }
    expect(() => ek.optimizers.adam({ gradientAccumulationSteps: 0 })).toThrow("adam: gradientAccumulationSteps is 0");
    expect(() => ek.optimizers.sgd({ gradientAccumulationSteps: 1.5 })).toThrow("use an integer of at least 1");
  });
});
