/** The settings of a demo as the page's address holds them, so that a link shows what its sender saw. */
export function readSettings(): URLSearchParams {
  return new URLSearchParams(globalThis.location?.search ?? "");
}

/** Puts settings into the address; those that are undefined leave it. */
export function writeSettings(settings: Readonly<Record<string, string | number | undefined>>): void {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, String(value));
  }
  history.replaceState(history.state, "", url);
}

/** A number of the address, if it is one within the bounds; else the default. */
export function numberSetting(
  settings: URLSearchParams,
  name: string,
  { low, high, whole = false, otherwise }: { low: number; high: number; whole?: boolean; otherwise: number },
): number {
  const text = settings.get(name);
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= low && value <= high) || (whole && !Number.isInteger(value))) return otherwise;
  return value;
}

/** A choice of the address, if it is one; else the default. */
export function choiceSetting<T extends string>(
  settings: URLSearchParams,
  name: string,
  choices: readonly T[],
  otherwise: T,
): T {
  const value = settings.get(name) as T;
  return choices.includes(value) ? value : otherwise;
}
