/** A value of the API as a text that people read. */
export const written = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
