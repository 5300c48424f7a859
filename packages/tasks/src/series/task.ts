import type { Task } from "../task.js";
import { evaluateSeries, seriesEvaluationOptions } from "./evaluation.js";
import { forecastSeries, seriesForecastFiles, seriesForecastOptions } from "./forecasting.js";
import { parseSeriesRecipe, seriesPresets } from "./recipe.js";
import { prepareSeries, seriesTrainingOptions } from "./training.js";

/** Forecasting of any number of series: rates, loads, sensors. */
export const seriesTask: Task = {
  name: "series",
  summary: "forecast series of the user's: samples, quantiles, values that are missing or doubtful",
  presets: seriesPresets,
  parseRecipe: parseSeriesRecipe,
  trainingOptions: seriesTrainingOptions,
  prepare: prepareSeries,
  evaluationOptions: () => seriesEvaluationOptions,
  evaluate: evaluateSeries,
  forecasting: { options: seriesForecastOptions, files: seriesForecastFiles, run: forecastSeries },
};
