import type { Summary } from "../api/types";

/** How many clicks are kept and not counted, for whatever reason. */
export function leftOut({ bots, previews, prefetches, heads, opted_out }: Summary["left_out"]): number {
  return bots + previews + prefetches + heads + opted_out;
}
