const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

/** The relative luminance of a colour such as `#1a2b3c` (WCAG 2). */
function luminance(colour: string): number {
  const part = (place: number) => linear(Number.parseInt(colour.slice(place, place + 2), 16) / 255);
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

/** How much darker the first colour is than the second: 1 where they are alike, less where it is lighter. */
export function contrast(dark: string, light: string): number {
  return (luminance(light) + 0.05) / (luminance(dark) + 0.05);
}
