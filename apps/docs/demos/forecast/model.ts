/** What the page has to know of the bundled model before it is fetched; a test compares it with the bundle. */
export const model = {
  /** Its eight rates, by the names that its data have. */
  columns: ["1", "2", "3", "4", "5", "6", "7", "8"],
  /** Changes that it looks back on, and rows that it forecasts. */
  context: 30,
  horizon: 30,
} as const;

/** Rows that a table must have: a change takes two. */
export const leastRows: number = model.context + 1;
