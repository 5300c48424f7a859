export type { SeriesFormat } from "./cells.js";
export { fanChart } from "./fan-chart.js";
export type { ForecasterOptions, ForecastRequest, SeriesForecast } from "./forecast-request.js";
export { SeriesForecaster } from "./forecaster.js";
export { columnQuantiles } from "./quantile-table.js";
export { type ReadSeriesOptions, readSeries } from "./read-series.js";
export { rescaledTo } from "./rescaled.js";
export { type SeriesTable, tableRows, withDoubt } from "./table.js";
export { seriesTask } from "./task.js";
