/** A point of a glyph: columns 0 to 4 to the right, rows 0 to 8 down; capitals stand on row 6, descenders reach 8. */
export type GlyphPoint = readonly [column: number, row: number];

/** From one character to the next, and from one line to the next. */
export const glyphAdvance = 6;
export const glyphLine = 10;

/** Strokes by character: lines of points "xy", with commas between the lines. */
const strokes: Readonly<Record<string, string>> = {
  " ": "",
  "0": "10 30 41 45 36 16 05 01 10",
  "1": "11 20 26,16 36",
  "2": "01 10 30 41 42 06 46",
  "3": "01 10 30 41 42 33 44 45 36 16 05,13 33",
  "4": "36 30 04 44",
  "5": "40 00 03 12 32 43 45 36 16 05",
  "6": "30 20 02 05 16 36 45 44 33 03",
  "7": "00 40 41 16",
  "8": "10 30 41 42 33 13 02 01 10,13 04 05 16 36 45 44 33",
  "9": "43 13 02 01 10 30 41 44 26 16",
  A: "06 02 20 42 46,04 44",
  B: "00 06 36 45 44 33 03,33 42 41 30 00",
  C: "41 30 10 01 05 16 36 45",
  D: "00 06 26 44 42 20 00",
  E: "40 00 06 46,03 33",
  F: "40 00 06,03 33",
  G: "41 30 10 01 05 16 36 45 43 23",
  H: "00 06,40 46,03 43",
  I: "10 30,20 26,16 36",
  J: "30 35 26 16 05",
  K: "00 06,40 03 46",
  L: "00 06 46",
  M: "06 00 22 40 46",
  N: "06 00 46 40",
  O: "10 30 41 45 36 16 05 01 10",
  P: "06 00 30 41 42 33 03",
  Q: "10 30 41 45 36 16 05 01 10,24 46",
  R: "06 00 30 41 42 33 03,23 46",
  S: "41 30 10 01 02 13 33 44 45 36 16 05",
  T: "00 40,20 26",
  U: "00 05 16 36 45 40",
  V: "00 03 26 43 40",
  W: "00 06 24 46 40",
  X: "00 46,40 06",
  Y: "00 23 40,23 26",
  Z: "00 40 06 46",
  a: "12 32 43 46,44 14 05 16 46",
  b: "00 06 36 45 43 32 02",
  c: "42 12 03 05 16 46",
  d: "40 46 16 05 03 12 42",
  e: "04 44 43 32 12 03 05 16 46",
  f: "40 30 21 26,03 33",
  g: "46 16 05 03 12 42 47 38 08",
  h: "00 06,02 32 43 46",
  i: "20 20,22 26",
  j: "20 20,22 27 18 08",
  k: "00 06,32 04 36",
  l: "20 26",
  m: "06 02 12 23 26,23 32 43 46",
  n: "06 02 32 43 46",
  o: "12 32 43 45 36 16 05 03 12",
  p: "08 02 32 43 45 36 06",
  q: "48 42 12 03 05 16 46",
  r: "06 02,03 12 32 43",
  s: "42 12 03 14 34 45 36 06",
  t: "20 25 36 46,02 42",
  u: "02 05 16 46,42 46",
  v: "02 26 42",
  w: "02 16 24 36 42",
  x: "02 46,42 06",
  y: "02 05 16 46,42 47 38 08",
  z: "02 42 06 46",
  ".": "26 26",
  ",": "26 17",
  ":": "22 22,25 25",
  ";": "22 22,25 16",
  "-": "13 33",
  "+": "21 25,03 43",
  "=": "02 42,04 44",
  "/": "40 06",
  "(": "30 12 14 36",
  ")": "10 32 34 16",
  "%": "00 11,40 06,35 46",
  ">": "11 33 15",
  "<": "31 13 35",
  "'": "20 21",
  '"': "10 11,30 31",
  _: "06 46",
  "!": "20 24,26 26",
  "?": "01 10 30 41 42 23 24,26 26",
  "#": "10 16,30 36,02 42,04 44",
};

/** What stands for a character that has no glyph. */
const unknown = "00 40 46 06 00";

/**
 * The lines of a text's characters, each at its place. One small alphabet of strokes serves drawings and pixels, so
 * that legends look the same on every machine and nobody needs a font.
 */
export function glyphLines(text: string): GlyphPoint[][] {
  return [...text].flatMap((character, index) =>
    (Object.hasOwn(strokes, character) ? (strokes[character] as string) : unknown)
      .split(",")
      .filter((line) => line !== "")
      .map((line) =>
        line.split(" ").map((point): GlyphPoint => [index * glyphAdvance + Number(point[0]), Number(point[1])]),
      ),
  );
}

/** Width of a text in columns. */
export function glyphWidth(text: string): number {
  return Math.max(0, [...text].length * glyphAdvance - 1);
}
