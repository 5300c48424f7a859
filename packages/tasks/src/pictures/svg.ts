export type SvgAttributes = Readonly<Record<string, string | number | undefined>>;

/** One SVG element. Numbers are rounded to hundredths; attributes that are undefined are left out. */
export function element(name: string, attributes: SvgAttributes, ...children: string[]): string {
  let open = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) open += ` ${key}="${typeof value === "number" ? round(value) : escapeText(value)}"`;
  }
  return children.length === 0 ? `${open}/>` : `${open}>${children.join("")}</${name}>`;
}

/** Text as it stands between tags or in a quoted attribute. */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A number in at most two decimals, never "-0". */
export function round(value: number): string {
  return String(Math.round(value * 100) / 100 || 0);
}
