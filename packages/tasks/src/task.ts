import type { Backend, Bundle, Codec, HostTensor, TrainingState } from "@diffusion-forcing/core";
import type { TaskRecord, TrainedOn } from "@diffusion-forcing/core/bundle";
import type { BatchSource, EvaluationOptions, LearningRateSchedule, Trainable } from "@diffusion-forcing/core/training";
import type { Frame, Pixels } from "./pictures/index.js";
import type { OptionSchemas, OptionValues } from "./task-options.js";

/** How a run is trained, whatever the task. */
export interface TaskTraining {
  readonly steps: number;
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule;
  readonly emaDecay: number;
}

/** A way to train a model, as JSON: its training, and whatever else the task needs to know. */
export interface TaskRecipe {
  readonly training: TaskTraining;
  readonly [part: string]: unknown;
}

/** What a recipe comes to: what is trained, on which data, and what its bundle says of itself. */
export interface TaskJob {
  readonly diffusion: Bundle["diffusion"];
  /** What is trained where it is not the diffusion's own loss; its parameters are those of the diffusion's model. */
  readonly trainable?: Trainable;
  readonly batches: BatchSource;
  /** Validation as it goes, and early stopping by it. */
  readonly evaluate?: EvaluationOptions;
  readonly codec?: Codec;
  /** `kind` is the task's name. */
  readonly record: TaskRecord;
  readonly trainedOn?: TrainedOn;
  readonly card?: NonNullable<Bundle["card"]>;
  /** About the data, for the run's summary: `dataChecksum`, for one. */
  readonly about: Readonly<Record<string, string | number>>;
}

/** A value with the two ends of its 95 % confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What a job is prepared with, besides its recipe. */
export interface PreparationContext {
  /** Values of the task's {@link Task.trainingOptions}; those left out take their defaults. */
  readonly options: OptionValues;
  /** Computes what has to be known before training starts, such as a codec that learns. Default: the reference backend. */
  readonly backend?: Backend;
  /** The codec that an earlier session of the run learned, instead of learning it again. */
  readonly codec?: Codec;
  /** Where a codec that is being learned is kept, so that a session that is cut short loses nothing. */
  readonly codecState?: {
    load(): Promise<TrainingState | undefined>;
    save(state: TrainingState): Promise<void>;
  };
  readonly signal?: AbortSignal;
  /** Told how far it is; `note` says what is being done. */
  readonly onProgress?: (done: number, total: number, note?: string) => void;
}

/** A model measured at its task. */
export interface TaskReport {
  /** What was measured, in a line. */
  readonly title: string;
  /** What people are shown: names and values, the most important first. */
  readonly rows: readonly (readonly [name: string, value: string])[];
  /** What programs are given: every {@link Estimate} among it with its interval. */
  readonly document: Readonly<Record<string, unknown>>;
  /** What was measured, drawn: an SVG document. */
  readonly picture?: string;
  /** What should be known about the figures. */
  readonly note?: string;
}

/** What an evaluation works with. */
export interface EvaluationContext {
  readonly backend: Backend;
  /** Values of the task's {@link Task.evaluationOptions}; those left out take their defaults. */
  readonly options: OptionValues;
  readonly signal?: AbortSignal;
  /** Told how far it is; `note` says what is being done. */
  readonly onProgress?: (done: number, total: number, note?: string) => void;
}

/** What sampling works with. */
export interface SamplingContext {
  readonly backend: Backend;
  /** How many sequences. */
  readonly batch: number;
  /** How many items of each are sampled, besides those that are given. */
  readonly length: number;
  readonly seed: number;
  /** Values of the task's {@link TaskSampling.options}; those left out take their defaults. */
  readonly options: OptionValues;
  readonly signal?: AbortSignal;
}

/** The next items of sequences. */
export interface SampledPart {
  /** Of the user's data (decoded), [B, n, ...]. */
  readonly sequences: HostTensor;
  /** Whether they are what the model goes on from. */
  readonly isGiven: boolean;
}

/** What the models of a task imagine. */
export interface TaskSampling {
  /** The bundled model that is taken where none is named. */
  readonly model: string;
  /** What {@link TaskSampling.stream} may be told: in general, or with the bounds that a bundle sets. */
  options(bundle?: Bundle): OptionSchemas;
  /**
   * Samples sequences, part by part, each as soon as it is there.
   *
   * @throws `invalid-config` for a bundle of another task, `aborted`
   */
  stream(bundle: Bundle, context: SamplingContext): AsyncIterable<SampledPart>;
}

/** What comes of the user's data, for people, for programs, and as files. */
export interface FileReport extends Omit<TaskReport, "picture"> {
  /** Files by their names: texts, or bytes. Of drawings, SVG, the command makes PNG too. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** What the models of a task do with files of the user's. */
export interface FileWork {
  /** What {@link FileWork.run} may be told: in general, or with the bounds that a bundle sets. */
  options(bundle?: Bundle): OptionSchemas;
  /** Names of the files that come of it, so that what is in their way is known before anything is computed. */
  files(options: OptionValues): readonly string[];
  /**
   * Does it with the files among the options.
   *
   * @throws `invalid-config` for a bundle of another task, `corrupt-file`, `invalid-data`, `aborted`
   */
  run(bundle: Bundle, context: EvaluationContext & { readonly seed: number }): Promise<FileReport>;
}

/** Sequences as pictures. */
export interface Pictures {
  readonly film: readonly Frame[];
  readonly still: Pixels;
}

/** A kind of file that holds one sequence of the user's data: MIDI for music. */
export interface SequenceFormat {
  /** How names of such files end, without the dot. */
  readonly extension: string;
  /** @param sequences of the user's data (decoded), [B, F, ...]; a file for each. */
  encode(sequences: HostTensor): readonly Uint8Array[];
}

/**
 * A job for models: where its data come from, how they are trained, how good they are at it, and how that looks. The
 * `dforce` command offers every task of a list; a new one is a folder and a line.
 */
export interface Task {
  /** As it is typed: `dforce train NAME`. */
  readonly name: string;
  /** A line for people who choose. */
  readonly summary: string;
  /** Recipes by name. */
  readonly presets: Readonly<Record<string, TaskRecipe>>;
  /** A recipe from a file. @throws `invalid-config` naming the field that is wrong */
  parseRecipe(value: unknown): TaskRecipe;
  /** What `dforce train NAME` takes besides a recipe: files of the user's data, for one. None: nothing. */
  readonly trainingOptions?: OptionSchemas;
  /**
   * Makes the data and the model of a recipe. The same recipe and options make the same data.
   *
   * @throws `invalid-argument` for options that are not those of {@link Task.trainingOptions}, `invalid-data`, `aborted`
   */
  prepare(recipe: TaskRecipe, context?: PreparationContext): Promise<TaskJob>;
  /** What {@link Task.evaluate} may be told: in general, or with the bounds that a bundle sets. */
  evaluationOptions(bundle?: Bundle): OptionSchemas;
  /**
   * Measures a model of this task.
   *
   * @throws `invalid-config` for a bundle of another task, `aborted`
   */
  evaluate(bundle: Bundle, context: EvaluationContext): Promise<TaskReport>;
  /** How its models go on with data of the user's: `dforce forecast`. */
  readonly forecasting?: FileWork;
  /** How its models take a sound of the user's apart: `dforce separate`. */
  readonly separating?: FileWork;
  /** Absent: `dforce sample` draws tokens from noise. */
  readonly sampling?: TaskSampling;
  /** What `dforce sample` writes sequences as, besides numbers and pictures. */
  readonly format?: SequenceFormat;
  /** Sequences of the user's data (decoded), [B, F, ...], of which the first `given` items were given. */
  picture?(sequences: HostTensor, given: number): Pictures;
}
