import {
  type Backend,
  cosineSchedule,
  type Diffusion,
  dit3d,
  type HostTensor,
  type TensorRecord,
  unet3d,
  variancePreserving,
} from "@diffusion-forcing/core";
import type { Executable } from "@diffusion-forcing/core/backend";
import { conv2d, type Graph, gradient, mean, square, trace } from "@diffusion-forcing/core/graph";
import type { ConvolutionConfig, VideoConfig } from "./configs.js";
import { type Job, normalTensor, streamingJob, trainingJob } from "./jobs.js";

function videoDiffusion({ model, tokenShape, width }: VideoConfig): Diffusion {
  return {
    model:
      model === "dit"
        ? dit3d({ tokenShape, patchSize: 4, width, layers: 4, heads: 4, feedForward: 4 * width })
        : unet3d({ tokenShape, width, multipliers: [1, 2, 4], attentionFactors: [4], initialTemporalAttention: false }),
    process: variancePreserving(cosineSchedule(1000), { objective: "x0" }),
    lossWeighting: { kind: "min-snr", clip: 5 },
  };
}

/** Frames of 16 x 16 in patches of 4 x 4, for a window of 8 frames. */
const streamed = { tokenShape: [1, 16, 16], window: 8 };

/**
 * One training step of a video model, `dit_train_step` or `unet_train_step`; of dit3d also `stream_frame`, one more small
 * frame of an endless video at 10 steps.
 */
export function videoJobs(config: VideoConfig, backend: Backend, repeats: number): readonly (() => Job)[] {
  const tokens = normalTensor(1, [config.batch, config.frames, ...config.tokenShape]);
  const training = (): Job =>
    trainingJob(`${config.model}_train_step`, videoDiffusion(config), tokens, backend, repeats);
  const { tokenShape, window } = streamed;
  const streaming = (): Job => streamingJob("stream_frame", videoDiffusion({ ...config, tokenShape }), window, backend);
  return config.model === "dit" ? [training, streaming] : [training];
}

/** A graph run again and again on the same inputs, into the same outputs. */
function graphJob(name: string, graph: Graph, inputs: TensorRecord, backend: Backend, repeats: number): Job {
  let compiled: Promise<Executable> | undefined;
  let outputs: TensorRecord = {};
  return {
    name,
    repeats,
    run: async () => {
      compiled ??= backend.compile(graph);
      outputs = await (await compiled).run(inputs, { reuse: outputs });
    },
    dispose: async () => (await compiled)?.dispose(),
  };
}

/**
 * For each shape `conv_C_S`, a 3 x 3 convolution with a bias, weights as inputs, and `conv_C_S_gradient`, the gradient
 * of the result's mean square by image, weights and bias.
 */
export function convolutionJobs(config: ConvolutionConfig, backend: Backend, repeats: number): readonly (() => Job)[] {
  return config.shapes.flatMap(([channels, size]) => {
    const scaled = ({ data, shape, dtype }: HostTensor): HostTensor =>
      ({ dtype, shape, data: data.map((value) => value / Math.sqrt(9 * channels)) }) as HostTensor;
    const inputs = {
      image: normalTensor(1, [config.images, channels, size, size]),
      weight: scaled(normalTensor(2, [channels, channels, 3, 3])),
      bias: normalTensor(3, [channels]),
    };
    const forward = trace(inputs, ({ image, weight, bias }) => ({
      result: conv2d(image, weight, bias, { padding: 1 }),
    }));
    const backward = trace(inputs, ({ image, weight, bias }) => {
      const loss = mean(square(conv2d(image, weight, bias, { padding: 1 })));
      const [byImage, byWeight, byBias] = gradient(loss, [image, weight, bias]);
      return { loss, byImage: byImage!, byWeight: byWeight!, byBias: byBias! };
    });
    const name = `conv_${channels}_${size}`;
    return [
      () => graphJob(name, forward, inputs, backend, repeats),
      () => graphJob(`${name}_gradient`, backward, inputs, backend, repeats),
    ];
  });
}
