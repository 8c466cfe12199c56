import * as v from "valibot";

const colour = v.optional(v.pipe(v.string(), v.regex(/^#[0-9a-f]{6}$/i)));

/** How a QR code is to look, by the names that `/v1` has. What is absent is as the server has it. */
export const QrSearch = v.object({
  foreground: colour,
  background: colour,
  error_correction: v.optional(v.picklist(["low", "medium", "quartile", "high"])),
  quiet_zone: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(16))),
  size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(64), v.maxValue(2048))),
});
export type QrSearch = v.InferOutput<typeof QrSearch>;
