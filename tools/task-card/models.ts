/** What a card says of a model besides what its run and its evaluation say. */
export interface ModelCard {
  readonly preset: string;
  /** What it is and does. */
  readonly about: string;
  /** Of the data it was trained on. */
  readonly data: string;
  /** Of `dforce eval`, in camelCase; what is left out takes its default. */
  readonly options: Readonly<Record<string, number | boolean>>;
  /** Whether the task reads data of the user's: its file then follows the command's other arguments. */
  readonly readsData?: boolean;
  /** What should be known about the figures, after them. */
  readonly after: string;
}

const swap = (view: string): string =>
  `Policy and world model of a fruit swap in one: a causal transformer over 26 tokens of an action and what is seen after it, seen as ${view}. See [docs/imitation.md](../../../../docs/imitation.md).`;
const shared = (batch: number): string =>
  `Success: after 25 actions each fruit lies where the other one was. The episodes of a batch of ${batch} share which steps are disturbed, so the intervals of the disturbed rows are somewhat too narrow.`;

export const models: Readonly<Record<string, ModelCard>> = {
  composition: {
    preset: "composition",
    about:
      "Crosses on a square, or V shapes where the past is dropped: a non-causal transformer over 16 positions. See [docs/composition.md](../../../../docs/composition.md).",
    data: "Crosses are generated as training goes on, from the same seed.",
    options: { trajectories: 300, dial: true },
    after:
      "Shapes by the geometric rule of `shapeOf`, in the page above. The baseline for V shapes is chance: four ways on from the centre, equally likely, are 25 % crosses, 50 % V shapes, 25 % there and back; what is missing to 100 % is no clean shape. Positions that are planned together can be drawn towards two corners at once; short plans and fresh noise in every step (DDIM, eta 1) let them decide for one.",
  },
  imitation: {
    preset: "imitation",
    about: swap("places of fruits and hand (7 numbers)"),
    data: "500 demonstrations of the scripted expert, generated with seed 1.",
    options: {},
    after: `${shared(25)} With a memory of one token the weights are the same and the past stands at level K. Disturbed places are off by a unit (standard deviation).`,
  },
  "imitation-images": {
    preset: "imitation-images",
    about: `${swap("images of 32 x 32 pixels")} An image is 10 numbers, the mean of an autoencoder's posterior, which the bundle holds; errors of the action count five times those of what is seen.`,
    data: "1,000 demonstrations of the scripted expert, generated with seed 1; the codec was learned from the first 500 of them before, in 2,500 steps, which the wall time leaves out.",
    options: { episodes: 200, share: 0.8, level: 40, batch: 10, seed: 2000 },
    after: `${shared(10)} With a memory of one token the weights are the same and the past stands at level K. A disturbed image has a brown square of 20 x 20 pixels somewhere on it; four fifths of the images have one, since the policy hardly minds fewer: the share and the level were chosen on 50 episodes of seed 1000.`,
  },
  "imitation-next-token": {
    preset: "imitation-next-token",
    about:
      "The baseline of [imitation](../imitation/README.md): the same network, data and number of steps under teacher forcing. Every token is denoised given the true tokens before it, which come in as a condition; the past has no levels of its own, so it cannot be told that an observation is doubtful.",
    data: "500 demonstrations of the scripted expert, generated with seed 1.",
    options: {},
    after: `${shared(25)} The rows of Diffusion Forcing stand in the card of imitation, measured in the same episodes.`,
  },
  music: {
    preset: "chorales",
    about:
      "Four-voice chorales in 4/4: a variational autoencoder that turns half a bar into a token of 32 numbers, and a non-causal Diffusion Forcing transformer over 16 tokens, eight bars. It fills in any bars and writes chorales. See [docs/music.md](../../../../docs/music.md).",
    data: "The 229 training chorales of JSB Chorales in sixteenths, of which 228 are as long as an excerpt, in every key that the voices allow; not part of the package. The codec was learned from them before, in 2,000 steps, which the wall time leaves out.",
    options: { excerpts: 32, seeds: 5, steps: 20 },
    readsData: true,
    after:
      "The middle four bars of excerpts of eight bars out of the held-out `test` chorales, filled in from both sides.",
  },
  separation: {
    preset: "separate-waves",
    about:
      "Takes the sum of a sine and a square wave apart that play two melodies: a vector quantiser of 128 codes for frames of 128 ms, counted sums of its codes, and a causal Diffusion Forcing transformer over 48 codes that is the prior of either source. See [docs/related/source-separation.md](../../../../docs/related/source-separation.md).",
    data: "200 excerpts of two made-up melodies, 3 seconds each, generated from one seed; the codec learned from them before, in 1000 steps.",
    options: { pieces: 40 },
    after: "Mixtures of other melodies than those of training, by the same walk through the same scale.",
  },
  seq2seq: {
    preset: "reversal",
    about:
      "Reads up to 12 symbols of six backwards, repeats joined, in one pass: a non-causal transformer whose twelve queries at level K say symbols or nothing, trained by query-CTC. See [docs/related/query-ctc.md](../../../../docs/related/query-ctc.md).",
    data: "Contexts are generated as training goes on, from the same seed.",
    options: {},
    after: "The contexts are drawn from another seed than those of training.",
  },
};
