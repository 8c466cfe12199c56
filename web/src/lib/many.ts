/** What was pasted elsewhere, for the page that makes many links. */
let pasted = "";

/** Keeps what was pasted until that page takes it. */
export function keepPasted(text: string): void {
  pasted = text;
}

export function takePasted(): string {
  const text = pasted;
  pasted = "";
  return text;
}

/** Whether a text is several addresses, one a line. */
export function isMany(text: string): boolean {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  return lines.length > 1 && lines.every((line) => /^\s*https?:\/\/\S+\s*$/.test(line));
}
